# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of a group's pairs, as both sites show them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from ..._cluster.waiting import wait_for
from ..._errors import Conflict, Refused, Timeout, Unreachable
from ..._model.plan import Group
from ..site_handle import SiteHandle
from .objects import is_taken_over_from
from .side import Reads, Side
from .status import (
    COPY_GROUP,
    COPY_PAIR,
    DESIRED,
    LOCAL_SERIAL,
    P_ID,
    REMOTE_SERIAL,
    S_ID,
    TYPE,
    Item,
    Leg,
    describe,
    end,
    follows,
    has_taken_over,
    is_source,
    may_be_taken_over,
)

# seconds
LOOKED_WITHIN = 60.0


@dataclass(frozen=True)
class Pair:
    """One claim's: mine at the side that is asked about, theirs at its peer."""

    mine: Leg
    theirs: Leg

    @property
    def turned(self) -> Pair:
        return Pair(self.theirs, self.mine)

    @property
    def is_sent(self) -> bool:
        """Mine is sent to theirs, and nobody was asked to change that."""
        asked = may_be_taken_over(self.theirs) or DESIRED.read(self.mine.asked) == "split"
        return is_source(self.mine) and follows(self.theirs) and not asked

    @property
    def is_taken_over(self) -> bool:
        """Theirs may be written, and mine was not told to follow it yet."""
        return end(self.mine) == "P" and has_taken_over(self.theirs)

    @property
    def is_handed_over(self) -> bool:
        """A planned switch has split the pair, proven that everything had arrived, and asked theirs to take over.

        Nobody has asked mine for anything since. It may not have noticed that the pair was turned round.
        """
        asked = DESIRED.read(self.mine.asked) == "split"
        return end(self.mine) == "P" and asked and is_taken_over_from(self.theirs.asked, self.mine.asked)

    @property
    def is_proven(self) -> bool:
        """Mine was given up by a planned switch, and theirs was asked for nothing else since."""
        untouched = DESIRED.read(self.theirs.asked) in ("swap-resync", "pair")
        return end(self.mine) == "S" and untouched and is_taken_over_from(self.theirs.asked, self.mine.asked)

    def describe(self, site: str, peer: str) -> str:
        return f"{self.mine.volume}: at {site} {describe(self.mine)}; at {peer} {describe(self.theirs)}"


@dataclass(frozen=True)
class Both:
    """side: the one that is asked about."""

    side: Side
    peer: Side
    pairs: tuple[Pair, ...]

    @property
    def mine(self) -> list[Leg]:
        return [pair.mine for pair in self.pairs]

    @property
    def theirs(self) -> list[Leg]:
        return [pair.theirs for pair in self.pairs]

    @property
    def turned(self) -> Both:
        return Both(self.peer, self.side, tuple(pair.turned for pair in self.pairs))

    def described(self, pair: Pair) -> str:
        return pair.describe(self.side.site.name, self.peer.site.name)


class Ends:
    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        self._sites = sites
        self._reads = Reads()

    def moment(self) -> int:
        return self._reads.moment()

    def side(self, group: Group, site: str) -> Side:
        return Side(group, self._sites[site], self._reads)

    def agreed(self, group: Group, site: str, tried: str) -> Both:
        """Once no two ends show the same volume, as they do until both sites have looked at what was turned round."""
        found: list[Both] = []

        def look() -> tuple[bool, str]:
            found[:] = [self.both(group, site, tried)]
            same = [pair for pair in found[0].pairs if end(pair.mine) == end(pair.theirs)]
            return not same, "; ".join(map(found[0].described, same[:1]))

        # what is so for longer is told by who wanted it otherwise
        with suppress(Timeout):
            wait_for(self._sites[site].api.clock, LOOKED_WITHIN, look, tried, site, f"group {group.name}")
        return found[0]

    def both(self, group: Group, site: str, tried: str) -> Both:
        """Asked now. The peer's silence is no permission."""
        side = self.side(group, site)
        peer = self.side(group, side.site.plan.peer_of(site))
        keys = side.keys()
        mine = side.existing(keys, tried)
        try:
            theirs = peer.existing(keys, tried)
        except Unreachable as error:
            raise Refused(
                "ask the peer",
                site=peer.site.name,
                on=f"group {group.name}",
                seen=f"no answer: {error}",
                wanted=f"its state; nothing was written at {site}",
                next_step=f"bring {peer.site.name} back, or declare it lost",
            ) from error
        pairs = tuple(Pair(*legs) for legs in zip(mine, theirs, strict=True))
        for pair in pairs:
            if wrong := mismatch(pair.mine.item or {}, pair.theirs.item or {}):
                raise Conflict(
                    "match the two ends of the replication",
                    site=site,
                    on=f"group {group.name}, {pair.mine.volume}",
                    seen="; ".join(wrong),
                    wanted=f"two ends of one pair, at {site} and {peer.site.name}",
                    next_step="nothing was written: find out which pair replicates the claim",
                )
        return Both(side, peer, pairs)


def mismatch(here: Item, there: Item) -> list[str]:
    """What two Replications say that those of one pair would not; what one of them does not say is none."""
    pairs = [((field,), (field,)) for field in (COPY_GROUP, COPY_PAIR, TYPE)]
    both = ((LOCAL_SERIAL, REMOTE_SERIAL), (P_ID, S_ID))
    wrong = []
    for mine, theirs in [*pairs, *((fields, fields) for fields in both)]:
        seen = [[field.read(item) for field in fields] for item, fields in ((here, mine), (there, theirs))]
        # each site has its own first, and the ends change places
        if None not in (*seen[0], *seen[1]) and sorted(map(str, seen[0])) != sorted(map(str, seen[1])):
            names = ", ".join(field.path for field in mine)
            wrong.append(f"{names}: {', '.join(map(str, seen[0]))} here, {', '.join(map(str, seen[1]))} there")
    return wrong
