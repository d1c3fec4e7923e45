# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a site send, when nobody forces it? Pure: over the objects of a claim at both sites."""

from __future__ import annotations

from .status import ADDRESS, MANUAL, PAUSED, SENDS_TO, Pair, describe, final_tag, is_idle, volume_status


def against_promotion(mine: Pair, theirs: Pair, peer: str) -> str:
    """Why not; empty when the promotion loses nothing and makes no second primary."""
    if theirs.sending == "live":
        return f"at {peer} it is not demoted: {_seen(theirs)}"
    if mine.is_primary:
        return ""
    # a planned move is taken back: the copy was demoted last, and nobody has been promoted since, which would send
    if mine.sending == "demoted" and theirs.sending == "none":
        return ""
    if theirs.source is None:
        return f"at {peer} there is no ReplicationSource: nothing shows that it was demoted"
    final = final_tag(theirs.source)
    if not final:
        return f"at {peer} it is demoted, but its final sync is not proven: {_seen(theirs)}"
    return "" if _has_ended(mine, final) else f"the final sync {final} has not ended here: {_seen(mine)}"


def holds_nothing_of_its_own(mine: Pair, theirs: Pair) -> bool:
    """Whether the peer's copy may be overwritten with this one: it takes in already, or was proven to be here."""
    final = final_tag(theirs.source)
    return theirs.sending == "none" or (theirs.sending == "demoted" and bool(final) and _has_ended(mine, final))


def was_promoted_after(mine: Pair, theirs: Pair) -> bool:
    """Whether the peer's copy was promoted after this one's final sync, be it by a promotion that was cut."""
    final = final_tag(mine.source)
    return theirs.sending == "live" and bool(final) and _has_ended(theirs, final)


def against_enabling(mine: Pair, theirs: Pair, peer: str) -> str:
    """Why the copy must not be declared primary from the start."""
    if theirs.sending != "none":
        return f"at {peer} it has a ReplicationSource: {_seen(theirs)}"
    if mine.sending == "demoted":
        return f"here it is demoted: {_seen(mine)}"
    if mine.sending == "none" and mine.destination is not None:
        return f"here it is a replica: {_seen(mine)}"
    return ""


def against_arrival(mine: Pair, theirs: Pair) -> str:
    """Why nothing that is sent here would reach the peer's copy; empty where it can."""
    source, address = mine.source or {}, ADDRESS.read(theirs.destination or {})
    if PAUSED.read(source):
        return volume_status(mine).message
    to = SENDS_TO.read(source)
    return "" if to and to == address else f"it sends to {to or 'nobody'}, not to {address or 'its peer'}"


def _has_ended(pair: Pair, final: str) -> bool:
    item = pair.destination
    return item is not None and is_idle(item) and MANUAL.read(item) == final


def _seen(pair: Pair) -> str:
    words = [f"{item['kind']} {describe(item)}" for item in (pair.source, pair.destination) if item]
    return "; ".join(words) or "no object"
