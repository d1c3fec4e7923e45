# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that VolSync copies from claim to claim, by rsync over TLS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from ..._cluster.kinds import REPLICATION_DESTINATION, REPLICATION_SOURCE
from ..._errors import DrError, Refused
from ..._model.group_status import GroupStatus, SyncProof, combine
from ..._model.plan import Group
from ..base import Capabilities, FenceProof
from ..claim_cover import is_of_its_claim
from ..custom_resource import CustomResource
from ..listing_provider import ListingProvider
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from .checks import (
    at_peer,
    existing,
    matched,
    refuse,
    require_claims,
    require_final_sync_possible,
    require_movable,
    require_objects,
    require_primary,
)
from .guard import against_enabling, holds_nothing_of_its_own, was_promoted_after
from .link import (
    await_addresses,
    close,
    follows,
    give_way,
    has_synced,
    mend,
    prepare_return,
    send,
    set_paused,
    take_over,
)
from .objects import listen_patch, manual_patch
from .resources import RESOURCES
from .side import Listing, Side, by_claim, owned
from .status import KEY_SECRET, Pair, final_tag, volume_status
from .sync import FinalSync, await_sent, new

LAST_SYNC_SOURCE = "start of the last sync that a ReplicationSource has ended, the oldest of the group"
REMEDY = "install VolSync there, or correct the plan's provider"


class VolsyncProvider(ListingProvider):
    """`options` of a group: see volsync_options. A claim has the same namespace and name at both sites.

    VolSync locks nothing: a demoted copy can be written by whoever mounts it, and so can a secondary.
    """

    name = "volsync"
    capabilities = Capabilities(final_sync=True, force=True, pause=True, reports_lag=True, fencing=True)
    resources: ClassVar[tuple[CustomResource, ...]] = RESOURCES

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        super().__init__(sites)
        self._reads: SharedReads[Listing] = SharedReads(by_claim, REMEDY)

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        named = (item.pvc["metadata"] for item in site.candidates(group))
        claims = {(meta["namespace"], meta["name"]) for meta in named}
        for kind in (REPLICATION_SOURCE, REPLICATION_DESTINATION):
            for namespace in sorted({key[0] for key in claims}):
                try:
                    found = site.api.list(kind, namespace)
                except DrError as error:
                    # an account of another product has no rights here; the server says so also where it serves nothing
                    if error.status in (403, 404):
                        return ""
                    raise
                names = [item["metadata"]["name"] for key, items in by_claim(found).items() if key in claims
                         for item in items if KEY_SECRET.read(item)]  # fmt: skip
                if names:
                    return f"{kind.kind} {', '.join(sorted(names)[:3])}"
        return ""

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        """VolSync reaches data by its claim: a PV that the claim there is not bound to is none of its."""
        return is_of_its_claim(group, self.sites[site], pv)

    def needed_by(self, group: Group, site: str, claim: tuple[str, str]) -> str:
        (pair,) = self._side(group, site).pairs([claim])
        item = pair.destination or pair.source
        return f"{item['kind']}/{pair.volume}" if item else ""

    def enable(self, group: Group, source: str, target: str) -> bool:
        here, there = self._side(group, source), self._side(group, target)
        require_claims(here, "replicate")
        mine, theirs = here.pairs(), there.pairs()
        here.check_ours(mine)
        there.check_ours(theirs)
        refuse("replicate", here, mine, matched(mine, theirs), target, against_enabling)
        new_here = [pair for pair in mine if pair.source is None]
        if new_here:
            take_over(here, new_here)
        changed = give_way(there, theirs) or bool(new_here)
        for side, pairs in ((here, mine), (there, theirs)):
            changed = mend(side, pairs) or changed
        changed = prepare_return(here, here.pairs()) or changed
        await_addresses(there, [pair.claim for pair in theirs])
        return send(here, here.pairs(), there.pairs()) or changed

    def enabled(self, group: Group, site: str) -> bool:
        return any(self._ours(self._side(group, site)).values())

    def disable(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        ours = self._ours(side)
        for kind, items in ours.items():
            side.delete(kind, items)
        return any(ours.values())

    def release(self, group: Group, site: str, claims: Sequence[str]) -> None:
        side = self._side(group, site)
        pairs = side.pairs([(namespace, name) for namespace, _slash, name in (key.partition("/") for key in claims)])
        for kind, items in owned(pairs, side.site.plan.name).items():
            side.delete(kind, items)

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        """After a planned one the peer takes in at once: its address is known, and nobody waits for it here."""
        side = self._side(group, site)
        require_claims(side, "promote")
        mine = side.pairs()
        todo = [pair for pair in mine if not pair.is_primary]
        side.check_ours(todo)
        if forced:
            require_objects(side, "promote", mine)
            take_over(side, todo)
            return bool(todo)
        there = self._peer(side)
        try:
            theirs = at_peer(there, mine)
            refuse("promote", side, mine, theirs, there.site.name)
        except Refused:
            if todo:
                raise
            return False
        take_over(side, todo)
        return self._turn(side, mine, there, theirs) or bool(todo)

    def demote(self, group: Group, site: str) -> bool:
        """It stops to follow its schedule. Nothing keeps its volume from being written: VolSync cannot."""
        side = self._side(group, site)
        pairs = existing(side, "demote")
        todo = [pair for pair in pairs if not pair.is_secondary]
        side.check_ours(todo)
        side.patch(REPLICATION_SOURCE, todo, lambda _pair: manual_patch(new("demoted")))
        return bool(todo)

    def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:
        """One list of each kind for each namespace and site, for all groups."""
        since = self._reads.moment()
        for group in groups:
            require_movable(self._side(group, source), self._side(group, target), since)

    def check_forceable(self, groups: Sequence[Group], site: str) -> None:
        """A claim that comes with the run was never sent anything: VolSync makes no volumes of its own."""
        since = self._reads.moment()
        for group in groups:
            side = self._side(group, site)
            side.check_ours([pair for pair in existing(side, "promote", since) if not pair.is_primary])

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        here, there = self._side(group, source), self._side(group, target)
        mine = existing(here, "prove the final sync of")
        theirs = there.pairs([pair.claim for pair in mine])
        pairs = list(zip(mine, theirs, strict=True))
        # a promotion that was cut has left some that are proven, and take nothing in any more
        proven = [pair for pair, peer in pairs if was_promoted_after(pair, peer)]
        left = [(pair, peer) for pair, peer in pairs if pair not in proven]
        require_final_sync_possible(here, there, left)
        tags = {final_tag(pair.source) for pair in proven}
        if left:
            tags.add(FinalSync(here, there, [pair.claim for pair, _peer in left]).run())
        finals = ", ".join(sorted(tags))
        return SyncProof(
            group.name,
            holds=True,
            compared=f"status.lastManualSync of both objects of each claim with trigger {finals}, which was set when no"
            " sync ran any more; no content was compared",
            source=f"{len(mine)} ReplicationSources have ended {finals}",
            target=f"{len(theirs)} ReplicationDestinations have ended {finals}",
            at=here.api.clock.now().isoformat(),
            volumes=len(mine),
        )

    def resync(self, group: Group, site: str) -> bool:
        """rsync makes the copy equal to its peer's, file by file or block by block: what it has of its own is lost."""
        side = self._side(group, site)
        mine = existing(side, "resynchronise")
        there = self._peer(side)
        theirs = at_peer(there, mine)
        require_primary(side, there.site.name, theirs)
        if all(follows(pair, peer) and has_synced(pair, peer) for pair, peer in zip(mine, theirs, strict=True)):
            return False
        side.check_ours(mine)
        keys = [pair.claim for pair in mine]
        give_way(side, mine)
        await_addresses(side, keys)
        send(there, there.pairs(keys), side.pairs(keys))
        again = new("resync")
        there.patch(REPLICATION_SOURCE, theirs, lambda _pair: manual_patch(again))
        await_sent(there, keys, again, site)
        send(there, there.pairs(keys), side.pairs(keys))
        return True

    def pause(self, group: Group, site: str) -> bool:
        return set_paused(self._side(group, site), True)

    def resume(self, group: Group, site: str) -> bool:
        return set_paused(self._side(group, site), False)

    def fence(self, group: Group, survivor: str, lost: str) -> FenceProof:
        """The survivor takes nothing in. The lost site's own volume stays writable there; nobody here mounts it."""
        side = self._side(group, survivor)
        pairs = existing(side, f"fence {lost} off")
        side.check_ours(pairs)
        close(side, pairs)
        return FenceProof(
            group.name,
            f"{survivor} takes nothing in from {lost}: its {len(pairs)} ReplicationDestinations are paused or absent,"
            " and no mover of VolSync mounts their claims",
        )

    def unfence(self, group: Group, survivor: str, lost: str) -> bool:
        side = self._side(group, survivor)
        todo = [pair for pair in side.pairs() if pair.sending == "none" and pair.destination and not pair.listens]
        side.check_ours(todo)
        side.patch(REPLICATION_DESTINATION, todo, lambda _pair: listen_patch(paused=False))
        return bool(todo)

    def _moment(self) -> int:
        return self._reads.moment()

    def _look(self, group: Group, site: str, since: int) -> GroupStatus:
        pairs = self._side(group, site).pairs(since=since)
        status = combine(group.name, site, [volume_status(pair) for pair in pairs], LAST_SYNC_SOURCE)
        return replace(status, present=any(pair.source or pair.destination for pair in pairs))

    def _turn(self, side: Side, mine: Sequence[Pair], there: Side, theirs: Sequence[Pair]) -> bool:
        """The other way round from now on: the peer gives way, and the new primary sends to it. A copy that may hold
        what this one lacks is left to `resync`."""
        claimed = set(there.keys())
        followers = [
            other
            for pair, other in zip(mine, theirs, strict=True)
            if other.claim in claimed and holds_nothing_of_its_own(pair, other)
        ]
        there.check_ours(followers)
        changed = give_way(there, followers)
        changed = prepare_return(side, side.pairs()) or changed
        return send(side, side.pairs(), there.pairs()) or changed

    def _side(self, group: Group, site: str) -> Side:
        return Side(group, self.sites[site], self._reads)

    def _peer(self, side: Side) -> Side:
        return self._side(side.group, side.site.plan.peer_of(side.site.name))

    def _ours(self, side: Side) -> dict[Any, list[dict[str, Any]]]:
        return owned(side.pairs(), side.site.plan.name)
