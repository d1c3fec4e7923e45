# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the two ends of a group's replication are: each by the volumes of its site, or by what the other end notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._errors import DrError
from ..._model.plan import Group
from ..peer import asking_peer
from ..site_handle import SiteHandle
from .side import Reads, Side

Object = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """here: the object at side; there: its counterpart at peer."""

    side: Side
    here: Object
    peer: Side
    there: Object

    @property
    def name(self) -> str:
        return str(self.here["metadata"]["name"])

    @property
    def peer_name(self) -> str:
        return str(self.there["metadata"]["name"])


class Ends:
    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        self._sites = sites
        self._reads = Reads()

    def moment(self) -> int:
        return self._reads.moment()

    def side(self, group: Group, site: str) -> Side:
        return Side(group, self._sites[site], self._reads)

    def find(self, group: Group, site: str, since: int | None) -> Object | None:
        """None where nothing leads to it: no volumes here, and none at a peer that answers. since: of the list."""
        side = self.side(group, site)
        if name := side.lead():
            return side.named(name, since)
        peer = self.side(group, side.site.plan.peer_of(site))
        try:
            there = peer.lead()
            item = peer.named(there) if there else None
        except DrError:
            # the peer's affair; here nothing is known of the group
            return None
        return side.counterpart(item, since) if item else None

    def get(self, group: Group, site: str) -> Object:
        item = self.find(group, site, None)
        if item is None:
            raise self.side(group, site).absent("none of its claims is here, and nothing leads to it from the peer")
        return item

    def pair(self, group: Group, site: str, peer: str) -> Pair:
        """Both ends, asked now. The peer's silence is no permission."""
        here, there = self.side(group, site), self.side(group, peer)
        mine = self.get(group, site)
        with asking_peer(group.name, site, peer):
            theirs = there.counterpart(mine)
        return Pair(here, mine, there, theirs)
