# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be there, at one site and at its peer, before a verb of VolSync's provider begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..._errors import NotFound
from ..peer import asking_peer
from .guard import against_arrival, against_promotion
from .side import Side
from .status import PAUSED, Pair, volume_status

SHOWN = 3
MOVE = "begin a planned move of"
UNTOUCHED = "nothing was stopped"


def existing(side: Side, tried: str, since: int | None = None) -> list[Pair]:
    require_claims(side, tried)
    pairs = side.pairs(since=since)
    require_objects(side, tried, pairs)
    return pairs


def require_objects(side: Side, tried: str, pairs: Sequence[Pair]) -> None:
    for pair in pairs:
        if pair.source is None and pair.destination is None:
            raise NotFound(
                f"{tried} the group",
                site=side.site.name,
                on=f"group {side.group.name}, {pair.volume}",
                seen="it has no ReplicationSource and no ReplicationDestination",
                next_step="run protect where the plan lives first",
            )


def require_claims(side: Side, tried: str) -> None:
    if not side.keys():
        raise side.refused(
            f"{tried} the group",
            "none of its claims is here",
            "its claims with their volumes: VolSync reaches a volume through its claim",
            "create the claims first (prestage does), then start again",
        )


def at_peer(there: Side, pairs: Sequence[Pair]) -> list[Pair]:
    """The peer's objects, asked now."""
    with asking_peer(there.group.name, there.site.plan.peer_of(there.site.name), there.site.name):
        return there.pairs([pair.claim for pair in pairs])


def matched(pairs: Sequence[Pair], others: Sequence[Pair]) -> list[Pair]:
    """The other site's, in the order of these; a claim that is not there has no objects."""
    found = {pair.claim: pair for pair in others}
    return [found.get(pair.claim, Pair(pair.claim)) for pair in pairs]


def refuse(
    verb: str,
    side: Side,
    mine: Sequence[Pair],
    theirs: Sequence[Pair],
    peer: str,
    reason: Callable[[Pair, Pair, str], str] = against_promotion,
) -> None:
    for pair, other in zip(mine, theirs, strict=True):
        if why := reason(pair, other, peer):
            raise side.refused(
                f"{verb} the group",
                f"{pair.volume}: {why}",
                "the peer demoted and its final sync ended at both sites, or this copy demoted last",
                "demote the peer and prove its final sync, or declare it lost and force",
            )


def require_movable(here: Side, there: Side, since: int) -> None:
    """While everything still runs: what a final sync would refuse, or wait for in vain, after VMs were stopped."""
    mine = existing(here, MOVE, since)
    claimed = set(there.keys())
    missing = [pair.volume for pair in mine if pair.claim not in claimed]
    if missing:
        more = [f"and {len(missing) - SHOWN} more"] if len(missing) > SHOWN else []
        raise there.refused(
            f"{MOVE} the group",
            f"{len(missing)} of its {len(mine)} claims are not here: {', '.join([*missing[:SHOWN], *more])}",
            "its claims with their volumes, and data that VolSync has copied into them",
            f"{UNTOUCHED}: create the claims first (prestage does), run protect, and wait for the first sync",
        )
    theirs = there.pairs([pair.claim for pair in mine], since)
    here.check_ours(mine)
    there.check_ours(theirs)
    for pair, peer in zip(mine, theirs, strict=True):
        if peer.sending != "none" or not peer.listens:
            seen = volume_status(peer)
            why = f"{peer.volume}: role {seen.role} {seen.message}".rstrip()
            wanted = "a ReplicationDestination that takes in"
            raise there.refused(f"{MOVE} the group", why, wanted, f"{UNTOUCHED}: run protect, or resume it")
        if why := against_arrival(pair, peer):
            wanted = f"a ReplicationSource that sends to the address of its peer at {there.site.name}"
            next_step = f"{UNTOUCHED}: resume it; protect tells it where to send"
            raise here.refused(f"{MOVE} the group", f"{pair.volume}: {why}", wanted, next_step)


def require_final_sync_possible(here: Side, there: Side, pairs: Sequence[tuple[Pair, Pair]]) -> None:
    tried = "prove the final sync"
    for pair, peer in pairs:
        if pair.sending != "demoted":
            role, wanted = volume_status(pair).role, "demoted: what follows its schedule proves nothing"
            raise here.refused(tried, f"{pair.volume}: role {role}", wanted, "demote it first")
        if pair.source and PAUSED.read(pair.source):
            raise here.refused(tried, f"{pair.volume}: paused", "a ReplicationSource that sends", "resume it first")
        if peer.sending != "none" or not peer.listens:
            seen = volume_status(peer)
            why = f"{peer.volume}: role {seen.role} {seen.message}".rstrip()
            wanted = "a ReplicationDestination that takes in"
            raise there.refused(tried, why, wanted, "promote the demoted site again, and run protect there")


def require_primary(side: Side, peer: str, theirs: Sequence[Pair]) -> None:
    """A copy is thrown away only for one that is primary."""
    for pair in theirs:
        if not pair.is_primary:
            seen = volume_status(pair)
            raise side.refused(
                "resynchronise the group",
                f"at {peer}: {pair.volume} has role {seen.role}, {seen.message or seen.health}",
                f"primary at {peer}: its data replaces this copy",
                f"promote {peer} first, or find out which side holds the data",
            )
