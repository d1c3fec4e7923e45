# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A group as both sites and the hub have it, asked before something is ordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._model.group_status import Role
from ..._model.plan import Group
from ..peer import asking_peer
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from .hub import Hub, Hubs, check_ours
from .side import Listing, Side, listing
from .status import describe, role

Object = dict[str, Any]
REMEDY = "let Ramen's hub install its cluster operator there, or correct the plan's provider"


@dataclass(frozen=True)
class Pair:
    """here, there: the groups at side and peer; None where Ramen has made none. placement: at the hub."""

    side: Side
    here: Object | None
    peer: Side
    there: Object | None
    hub: Hub
    placement: Object

    @property
    def roles(self) -> tuple[Role, Role]:
        return role_of(self.here), role_of(self.there)

    @property
    def words(self) -> str:
        ends = ((self.side, self.here), (self.peer, self.there))
        return "; ".join(f"at {side.site.name}: {shown(item)}" for side, item in ends)


class Ends:
    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        self.hubs = Hubs(sites)
        self._sites = sites
        self._reads: SharedReads[Listing] = SharedReads(listing, REMEDY)

    def moment(self) -> int:
        return self._reads.moment()

    def side(self, group: Group, site: str) -> Side:
        return Side(group, self._sites[site], self._reads)

    def peer(self, group: Group, site: str) -> Side:
        return self.side(group, self._sites[site].plan.peer_of(site))

    def pair(self, tried: str, group: Group, site: str) -> Pair:
        """All three, asked now. Nobody's silence is a permission."""
        side, peer = self.side(group, site), self.peer(group, site)
        here = side.find()
        with asking_peer(group.name, site, peer.site.name):
            there = peer.find()
        hub, placement = self.hubs.needed(tried, group, site)
        check_ours(side.site.plan.name, side.options, placement)
        return Pair(side, here, peer, there, hub, placement)


def role_of(item: Object | None) -> Role:
    return "unknown" if item is None else role(item)


def shown(item: Object | None) -> str:
    return "none" if item is None else describe(item)
