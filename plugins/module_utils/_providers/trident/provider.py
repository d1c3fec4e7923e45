# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetApp Trident: a TridentMirrorRelationship per claim at each site, over SnapMirror."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from ..._cluster.kinds import TRIDENT_MIRROR_RELATIONSHIP
from ..._errors import DrError, NotFound
from ..._model.group_status import GroupStatus, SyncProof, combine
from ..._model.names import protected_label
from ..._model.plan import Group
from ..base import Capabilities
from ..custom_resource import CustomResource
from ..listing_provider import ListingProvider
from ..peer import asking_peer
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from .enabling import enable_group
from .objects import promoted
from .options import DRIVER, options_of
from .proof import prove
from .resources import RESOURCES
from .side import Listing, Mirror, Side, listing, shown
from .status import follows, handle, is_primary, volume_status
from .switch import Pair, give_up, require_movable, switch

REMEDY = "install Trident there, or correct the plan's provider"


class TridentProvider(ListingProvider):
    """`options` of a group: see trident_options. A claim has the same namespace and name at both sites."""

    name = "trident"
    capabilities = Capabilities(final_sync=True, force=True, atomic_switch=True)
    resources: ClassVar[tuple[CustomResource, ...]] = RESOURCES

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        super().__init__(sites)
        self._reads: SharedReads[Listing] = SharedReads(listing, REMEDY)

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        driver = group.options_at(site.name).get("driver", DRIVER)
        volumes = [item.pv for item in site.candidates(group) if item.pv]
        if not volumes or any((pv["spec"].get("csi") or {}).get("driver") != driver for pv in volumes):
            return ""
        try:
            site.api.list(TRIDENT_MIRROR_RELATIONSHIP, site.plan.namespaces[0])
        except NotFound:
            return ""
        return f"its {len(volumes)} volumes are of {driver}, and {TRIDENT_MIRROR_RELATIONSHIP.kind} is served"

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        return (pv["spec"].get("csi") or {}).get("driver") == options_of(group, site).driver

    def needed_by(self, group: Group, site: str, claim: tuple[str, str]) -> str:
        (mirror,) = self._side(group, site).matched([claim])
        return f"{TRIDENT_MIRROR_RELATIONSHIP.kind}/{'/'.join(mirror.object_key)}" if mirror.item else ""

    def enable(self, group: Group, source: str, target: str) -> bool:
        return enable_group(self._side(group, source), self._side(group, target))

    def enabled(self, group: Group, site: str) -> bool:
        return bool(self._side(group, site).ours())

    def disable(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        ours = side.ours()
        side.delete(ours)
        return bool(ours)

    def release(self, group: Group, site: str, claims: Sequence[str]) -> None:
        side = self._side(group, site)
        side.delete([mirror for mirror in side.ours() if mirror.volume in claims])

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        """Only by force. What is planned was promoted by `demote` at the peer."""
        side = self._side(group, site)
        mirrors = self._existing(side, "promote")
        if not forced:
            self._check_switched(side, mirrors)
            return False
        todo = [mirror for mirror in mirrors if not is_primary(mirror.item)]
        if not todo:
            return False
        side.check_ours(todo)
        side.settle(side.ask(todo, lambda _mirror: promoted()), "primary")
        return True

    def demote(self, group: Group, site: str) -> bool:
        """The planned switch as a whole. Where the peer is primary by force, only `resync` gives this copy up."""
        side = self._side(group, site)
        mine = self._keyed(side, "hand over")
        if all(follows(mirror.item) for mirror in mine):
            return False
        peer = site_of_peer(side)
        theirs = self._at_peer(side, peer, mine)
        return switch(side, self._side(group, peer), _paired(mine, theirs))

    def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:
        """One list for each namespace and site, for all groups."""
        since = self._reads.moment()
        for group in groups:
            here, there = self._side(group, source), self._side(group, target)
            mine = self._keyed(here, "hand over", since)
            require_movable(here, there, _paired(mine, there.matched([mirror.key for mirror in mine], since)))

    def check_forceable(self, groups: Sequence[Group], site: str) -> None:
        """Before its claims are here nothing can be said of a group: the run may bring them."""
        since = self._reads.moment()
        for group in groups:
            side = self._side(group, site)
            if side.keys():
                mirrors = self._existing(side, "promote", since)
                side.check_ours([mirror for mirror in mirrors if not is_primary(mirror.item)])

    def resync(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        peer = site_of_peer(side)
        mine = self._keyed(side, "resynchronise")
        sources = self._at_peer(side, peer, mine)
        for source in sources:
            if not is_primary(source.item):
                raise side.refused(
                    "resynchronise the group",
                    source,
                    f"at {peer}: {shown(source)}",
                    f"promoted at {peer}: its data replaces this copy",
                    f"promote {peer} first, or find out which side holds the data",
                )
        todo = [
            mirror
            for mirror, source in zip(mine, sources, strict=True)
            if not follows(mirror.item, handle(source.item or {}))
        ]
        side.check_ours(todo, follower=True)
        give_up(side, self._side(group, peer), todo)
        return bool(todo)

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        """What was proven on the way of the switch, as the objects of both sides still show it."""
        side = self._side(group, source)
        return prove(side, self._side(group, target), self._existing(side, "prove the final sync of"))

    def _moment(self) -> int:
        return self._reads.moment()

    def _look(self, group: Group, site: str, since: int) -> GroupStatus:
        side = self._side(group, site)
        mirrors = side.mirrors(since)
        peers = self._peers(side, mirrors, since)
        claims = set(side.keys())
        found = [volume_status(item.volume, item.item, peer) for item, peer in zip(mirrors, peers, strict=True)]
        # somebody else makes it, and may have left the label out
        absent = f'its claim is not here with label {protected_label(side.site.plan.name)}: "true"'
        found = [
            status if mirror.key in claims else replace(status, role="unknown", message=absent)
            for mirror, status in zip(mirrors, found, strict=True)
        ]
        status = combine(group.name, site, found)
        return replace(status, present=any(mirror.item for mirror in mirrors))

    def _peers(self, side: Side, mirrors: Sequence[Mirror], since: int) -> list[Mapping[str, Any] | None]:
        """The relationships at the other site, where it answers: no volume knows by itself who mirrors it."""
        if not any(is_primary(mirror.item) or follows(mirror.item) for mirror in mirrors):
            return [None for _mirror in mirrors]
        try:
            there = self._side(side.group, site_of_peer(side))
            return [mirror.item for mirror in there.matched([mirror.key for mirror in mirrors], since)]
        except DrError:
            return [None for _mirror in mirrors]

    def _side(self, group: Group, site: str) -> Side:
        return Side(group, self.sites[site], self._reads)

    def _keyed(self, side: Side, tried: str, since: int | None = None) -> list[Mirror]:
        keys = side.keys()
        if not keys:
            raise side.refused(
                f"{tried} the group",
                None,
                "none of its claims is here",
                "its claims with their volumes: Trident reaches a volume through its claim",
                "make the claims first, with the annotation trident.netapp.io/mirrorRelationship, then start again",
            )
        return side.matched(keys, since)

    def _existing(self, side: Side, tried: str, since: int | None = None) -> list[Mirror]:
        mirrors = self._keyed(side, tried, since)
        for mirror in mirrors:
            if mirror.item is None:
                raise NotFound(
                    f"{tried} the group",
                    site=side.site.name,
                    on=f"group {side.group.name}, {mirror.volume}",
                    seen="it has no TridentMirrorRelationship; one that was made now would break no mirror, and call"
                    " itself promoted all the same",
                    next_step="run protect while the plan's site answers: it makes them at both sites",
                )
        return mirrors

    def _check_switched(self, side: Side, mirrors: Sequence[Mirror]) -> None:
        peer = site_of_peer(side)
        for mine, other in zip(mirrors, self._at_peer(side, peer, mirrors), strict=True):
            ended = other.item is None or volume_status(other.volume, other.item, None).role == "secondary"
            if not is_primary(mine.item) or not ended:
                raise side.refused(
                    "promote the group",
                    mine,
                    f"{shown(mine)}; at {peer}: {shown(other)}",
                    f"promoted here, and {peer} its mirror: by the planned switch, done by demoting {peer}",
                    f"demote {peer}, which also ends a switch that was cut; or declare it lost and force",
                )

    def _at_peer(self, side: Side, peer: str, mirrors: Sequence[Mirror]) -> list[Mirror]:
        """The peer's objects, asked now. Its silence is no permission."""
        with asking_peer(side.group.name, side.site.name, peer):
            return self._side(side.group, peer).matched([mirror.key for mirror in mirrors])


def site_of_peer(side: Side) -> str:
    return side.site.plan.peer_of(side.site.name)


def _paired(mine: Sequence[Mirror], theirs: Sequence[Mirror]) -> list[Pair]:
    return [Pair(*pair) for pair in zip(mine, theirs, strict=True)]
