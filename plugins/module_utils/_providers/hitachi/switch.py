# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planned switch as a whole, and its parts.

No word of the product makes a source read-only while its copy is one, too. The source's volume, P-VOL of the pair, is
locked only by becoming the S-VOL of the copy that was promoted. So it is split first, with everything sent; then the
copy takes over; then the pair is turned round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ..._cluster.bulk import for_each
from ..._errors import DrError
from .ends import Both, Pair
from .objects import NO_NOTES, sent_at, taken_over_after
from .order import Target, note, place
from .side import Side, target
from .status import DESIRED, SPLIT, SWITCHES, TAKEN_OVER, Leg, end, follows, has_taken_over, is_running, is_source
from .wait import await_goal, execute


def sends(leg: Leg) -> bool:
    return is_source(leg) and leg.status == "PAIR"


def is_in_step(leg: Leg) -> bool:
    return follows(leg) and leg.status == "PAIR"


def is_split_source(leg: Leg) -> bool:
    return end(leg) == "P" and leg.status in SPLIT


def is_split_copy(leg: Leg) -> bool:
    return end(leg) == "S" and leg.status in (*SPLIT, SWITCHES, TAKEN_OVER)


def can_be_written(leg: Leg) -> bool:
    """Some arrays turn the pair round while they take over, where both are well."""
    return has_taken_over(leg) or is_source(leg)


def hand_over(both: Both) -> bool:
    """From the side that is the source. What a killed attempt has handed over already is only finished."""
    todo = [pair for pair in both.pairs if not pair.turned.is_sent]
    handed = [pair for pair in todo if pair.is_handed_over]
    fresh = [pair for pair in todo if not pair.is_handed_over]
    if todo and all(pair.is_taken_over for pair in todo) and not handed:
        return False
    for pair in fresh:
        if end(pair.mine) != "P" or end(pair.theirs) != "S" or has_taken_over(pair.theirs):
            raise both.side.refused(
                "hand the group over",
                both.described(pair),
                "the P-VOL here, and an S-VOL there that nobody has taken over",
                "nothing was changed: reprotect if both can be written; else find out what became of the pair",
            )
    if not todo:
        return False
    check_ours(both, todo)
    waiting = [pair.theirs for pair in handed if not can_be_written(pair.theirs)]
    try:
        if fresh:
            _send_rest(both, fresh)
        execute(both.peer, waiting, "failover", can_be_written, "taken over", None)
    except DrError as error:
        told = _taken_back(both, todo)
        error.next_step = "; ".join(filter(None, [told, error.next_step]))
        raise
    turn_round(both, todo, keep=True)
    return True


def _send_rest(both: Both, pairs: Sequence[Pair]) -> None:
    """Split the pairs, and have the copies take over once both sides show the split.

    One that stands still may have been written to since: it is paired again before. So is one whose split was asked for
    by an attempt that is gone: it could happen while the copy is waited for.
    """
    side, peer, keys = both.side, both.peer, [pair.mine.key for pair in pairs]
    still = [pair.mine for pair in pairs if not pair.is_sent]
    execute(side, still, "pair", sends, "paired")
    mine = await_goal(side, keys, sends, "paired")
    await_goal(peer, keys, is_in_step, "paired")
    execute(side, mine, "split", is_split_source, "split, with everything sent")
    theirs = await_goal(peer, keys, is_split_copy, "split, with everything received")
    moment = side.api.clock.now().isoformat()
    _each(mine, lambda of: note(side, of, sent_at(moment), "split"))
    execute(peer, theirs, "failover", can_be_written, "taken over", taken_over_after(moment))


def _taken_back(both: Both, pairs: Sequence[Pair]) -> str:
    """The source is paired again while nobody can take over: beside a copy that is split off no VM is started.

    What became of it, in words; empty where no pair was split.
    """
    left_open = "the switch was not taken back{}: nothing starts at either site until the same command has run"
    keys = [pair.mine.key for pair in pairs]
    try:
        now = [Pair(*legs) for legs in zip(both.side.legs(keys), both.peer.legs(keys), strict=True)]
        split = [pair for pair in now if is_split_source(pair.mine) or is_split_copy(pair.theirs)]
        if any(has_taken_over(pair.theirs) or is_running(pair.mine) or is_running(pair.theirs) for pair in now):
            return left_open.format("") if split else ""
        if split:
            pair_again(both, split)
    except DrError as error:
        return left_open.format(f" ({error})")
    return f"the switch was taken back: {both.side.site.name} is primary" if split else ""


def turn_round(both: Both, pairs: Sequence[Pair], keep: bool) -> None:
    """The peer's copy becomes the P-VOL, and replaces what the side holds. keep: the notes of a planned switch.

    A planned switch has left nothing to copy; another may have to copy for hours, which is not waited for. Then both
    are asked for `pair`, which is what they are: a word of this switch that was left there would be done again by an
    operator that looks at states. The peer's goes last: it shows a later attempt that something is left.
    """
    side, peer, keys = both.side, both.peer, [pair.mine.key for pair in pairs]
    notes, sent, followed = (None, sends, is_in_step) if keep else (NO_NOTES, is_source, follows)
    left = [leg for leg in peer.legs(keys) if not is_source(leg)]
    execute(peer, left, "swap-resync", sent, "the source", notes)
    theirs = await_goal(peer, keys, sent, "the source")
    mine = await_goal(side, keys, followed, f"following {peer.site.name}")
    for of_side, legs in ((side, mine), (peer, theirs)):
        unlike = [leg for leg in legs if DESIRED.read(leg.asked) != "pair" or not keep]
        _each(unlike, partial(place, of_side, desired="pair", notes=notes))
    await_goal(peer, keys, sent, "the source")
    await_goal(side, keys, followed, f"following {peer.site.name}")


def end_turn(both: Both, keep: bool) -> bool:
    """Ask for `pair` where an attempt was killed that had turned the pair round; whether there was one."""
    left = [pair for pair in both.pairs if pair.turned.is_sent and DESIRED.read(pair.theirs.asked) in SWITCHES]
    if left:
        check_ours(both, left)
        turn_round(both, left, keep)
    return bool(left)


def pair_again(both: Both, pairs: Sequence[Pair]) -> None:
    """From the side whose volumes are the P-VOLs, which may copy for hours then.

    What was asked of the copies, and not taken up, is taken back.
    """
    check_ours(both, pairs)
    asked = [pair.theirs for pair in pairs if DESIRED.read(pair.theirs.asked) not in ("pair", "", None)]
    _each(asked, lambda of: place(both.peer, of, "pair"))
    keys = [pair.mine.key for pair in pairs]
    execute(both.side, [pair.mine for pair in pairs], "pair", is_source, "paired")
    await_goal(both.peer, keys, follows, f"following {both.side.site.name}")


def take_up_again(side: Side, sources: Sequence[Leg]) -> None:
    """Sources whose switch was cut: it is not completed from here on, for they are written to."""
    _each(sources, lambda of: note(side, of, NO_NOTES, "split"))


def check_ours(both: Both, pairs: Sequence[Pair]) -> None:
    both.side.check_ours([pair.mine for pair in pairs])
    both.peer.check_ours([pair.theirs for pair in pairs])


def _each(legs: Sequence[Leg], write: Callable[[Target], object]) -> None:
    for _of, error in for_each(dict.fromkeys(target(leg) for leg in legs), write).failed:
        raise error
