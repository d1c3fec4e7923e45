# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RBD mirroring, driven directly: the images of a group are what its PersistentVolumes name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._errors import DrError, Refused
from ..._model.group_status import GroupStatus, SyncProof, VolumeStatus, combine, unknown
from ..._model.plan import Group
from ..base import Capabilities, Clones, Done, FenceProof, Provider, at_once
from ..site_handle import SiteHandle
from . import copies, drain, final_sync, setup, switch
from .cluster import PATIENCE, Cluster
from .fence import block, blocked, unblock
from .images import Image, image_of, is_rbd
from .options import Access, RbdOptions
from .proof import follows_nothing, with_proof, without_proof
from .seen import Seen
from .side import Members, Side, Sides
from .silence import look
from .status import LAST_SYNC_BY, LAST_SYNC_SOURCE, volume_status


class CephRbdProvider(Provider):
    """`options` of a group: see `RbdOptions`; those of a site stand under `sites`."""

    name = "ceph_rbd"
    capabilities = Capabilities(final_sync=True, force=True, reports_lag=True, groups=True, clones=True, fencing=True)
    shares_fences = True

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        super().__init__(sites)
        self._sides = Sides(sites, PATIENCE)

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        volumes = [item.pv for item in site.candidates(group) if item.pv]
        # without it, csi-addons' resources in the same cluster may be what is meant
        if not volumes or "command" not in group.options_at(site.name) or not all(is_rbd(pv) for pv in volumes):
            return ""
        return f"its {len(volumes)} volumes are RBD images, and options.sites.{site.name} has a command"

    def observe(self, group: Group, site: str) -> GroupStatus:
        return self.observe_all([group], site)[0]

    def observe_all(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
        """One look at each cluster, for all groups in it; and one at both sites, for those that follow nothing."""
        found = self._observed(groups, site)
        unproven = [group for group in groups if follows_nothing(found[group.name][1])]
        proven = self._proven(unproven, site, {group.name: found[group.name][1] for group in unproven})
        for group, volumes in zip(unproven, proven, strict=True):
            found[group.name] = found[group.name][0], volumes
        return [_status(group, site, *found[group.name]) for group in groups]

    def observe_roles(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
        found = self._observed(groups, site)
        return [_status(group, site, *found[group.name]) for group in groups]

    def _observed(self, groups: Sequence[Group], site: str) -> dict[str, tuple[Seen | DrError, list[VolumeStatus]]]:
        """By the group's name: the look that it was seen in, and its volumes there."""
        members = Members(self.sites)
        images: dict[str, set[Image]] = {}
        failed: dict[str, DrError] = {}
        wanted: dict[Access, set[Image]] = {}
        for group in groups:
            try:
                images[group.name] = members.images(group, site)
                wanted.setdefault(RbdOptions.read(group, site).access, set()).update(images[group.name])
            except DrError as error:
                failed[group.name] = error
        seen: dict[Access, Seen | DrError] = {}
        for access, every in wanted.items():
            try:
                seen[access] = look(Cluster(site, access, self.sites[site].run), every)
            except DrError as error:
                seen[access] = error
        found: dict[str, tuple[Seen | DrError, list[VolumeStatus]]] = {}
        for group in groups:
            answer = failed.get(group.name) or seen[RbdOptions.read(group, site).access]
            listed = sorted(images[group.name]) if isinstance(answer, Seen) else []
            shown = answer.images if isinstance(answer, Seen) else {}
            found[group.name] = answer, [volume_status(image, shown.get(image)) for image in listed]
        return found

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        """Whether it is an image of the pool that the group has there, and no copy for a rehearsal.

        That it is mirrored is what `observe` says.
        """
        if not is_rbd(pv):
            return False
        pool = RbdOptions.read(group, site).pool
        image = image_of(pv, pool)
        return image.pool == (pool or image.pool) and not copies.is_copy(image)

    def clone_remedy(self, pv: Mapping[str, Any]) -> str:
        return "flatten its image (rbd flatten): Ceph mirrors none whose parent it does not mirror"

    def reading_remedy(self, group: Group, site: str) -> str:
        options = RbdOptions.read(group, site)
        if options.mode != "journal" or options.proof != "data":
            return ""
        return "allow for that time, or see what `proof: positions` of the group proves (docs/providers/ceph_rbd.md)"

    def enable(self, group: Group, source: str, target: str) -> bool:
        tried = "enable replication"
        side = self._sides.look([group], source, tried)
        return setup.enable(side, self._sides.at_peer(side, group, tried))

    def enabled(self, group: Group, site: str) -> bool:
        if not Members(self.sites).images(group, site):
            # its claims are labelled until its mirroring has ended
            return False
        side = self._sides.look([group], site, "look at the mirroring")
        return any(side.is_mirrored(image) for image in side.images)

    def disable(self, group: Group, site: str) -> bool:
        """Also at the peer, for copies of what is primary here: rbd-mirror would delete them."""
        tried = "disable replication"
        side = self._sides.look([group], site, tried)
        peer = self._sides.at_peer(side, group, tried) if side.primaries else None
        return setup.disable(side, peer)

    def release(self, group: Group, site: str, claims: Sequence[str]) -> None:
        """rbd-mirror then deletes the copy at the peer."""
        pool = RbdOptions.read(group, site).pool
        going = {
            image_of(item.pv, pool) for item in self.sites[site].volumes(group) if item.pv and item.claim in claims
        }
        if going:
            setup.release(self._sides.look([group], site, "end the replication of clones"), going)

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        return self.promote_all([group], site, forced)[0]

    def demote(self, group: Group, site: str) -> bool:
        return self.demote_all([group], site)[0]

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        return self.final_sync_all([group], source, target)[0]

    def promote_all(self, groups: Sequence[Group], site: str, forced: bool) -> list[bool]:
        def promote(alike: list[Group]) -> list[bool]:
            if forced:
                here = self._sides.look(alike, site, "promote by force", history=True)
                switch.promote_forced(here)
            else:
                here, there = self._sides.look_both(alike, site, "promote")
                switch.promote_planned(here, there)
            switched = frozenset(here.others)
            return [not here.members[group.name].isdisjoint(switched) for group in alike]

        return self._each(groups, [site] if forced else self.sites, promote)

    def demote_all(self, groups: Sequence[Group], site: str) -> list[bool]:
        def demote(alike: list[Group]) -> list[bool]:
            here = self._sides.look(alike, site, "demote")
            switch.demote(here)
            switched = frozenset(here.primaries)
            return [not here.members[group.name].isdisjoint(switched) for group in alike]

        return self._each(groups, [site], demote)

    def end_forced_all(self, groups: Sequence[Group], site: str) -> None:
        def free(alike: list[Group]) -> list[None]:
            switch.free(self._sides.look(alike, site, switch.FREED))
            return [None] * len(alike)

        self._each(_journaled(groups, site), [site], free)

    def drain_all(self, groups: Sequence[Group], source: str) -> None:
        def replayed(alike: list[Group]) -> list[None]:
            drain.drain(*self._sides.look_both(alike, source, drain.TRIED), self.sites[source].tell)
            return [None] * len(alike)

        self._each(_journaled(groups, source), self.sites, replayed)

    def final_sync_all(self, groups: Sequence[Group], source: str, target: str) -> list[SyncProof]:
        def prove(alike: list[Group]) -> list[SyncProof]:
            here, there = self._sides.look_both(alike, source, final_sync.TRIED)
            return final_sync.final_sync(here, there, self.sites[target].tell)

        return self._each(groups, (source, target), prove)

    def _each(
        self, groups: Sequence[Group], sites: Iterable[str], verb: Callable[[list[Group]], list[Done]]
    ) -> list[Done]:
        """Groups with the same options are one to Ceph: each look and each command is for the images of all of them."""
        alike: dict[tuple[RbdOptions, ...], list[Group]] = {}
        for group in groups:
            alike.setdefault(tuple(RbdOptions.read(group, site) for site in sites), []).append(group)
        answers = at_once(verb, alike.values())
        found = {
            group.name: done
            for listed, answer in zip(alike.values(), answers, strict=True)
            for group, done in zip(listed, answer, strict=True)
        }
        return [found[group.name] for group in groups]

    def resync(self, group: Group, site: str) -> bool:
        return setup.resync(*self._sides.look_both([group], site, "resynchronise"))

    def fence(self, group: Group, survivor: str, lost: str) -> FenceProof:
        """What can be read back: who may change the survivor's images, and that the lost site's addresses may not."""
        side = self._sides.look([group], survivor, f"fence {lost}")
        side.check_all_mirrored(f"fence {lost}")
        networks = RbdOptions.read(group, lost).fence
        if networks:
            block(side.cluster, networks)
            missing = sorted(set(networks) - blocked(side.cluster))
            if missing:
                raise Refused(
                    f"fence {lost}",
                    site=survivor,
                    on=f"group {group.name}",
                    seen=f"the blocklist has not {', '.join(missing)}",
                    wanted=f"all of options.sites.{lost}.fence in it",
                    next_step="look at `ceph osd blocklist ls`, then start again",
                )
        return FenceProof(group.name, _evidence(side, lost, networks))

    def unfence(self, group: Group, survivor: str, lost: str) -> bool:
        # who has none needs no right to look at the blocklist
        networks = RbdOptions.read(group, lost).fence
        return bool(networks) and unblock(self._sides.cluster(group, survivor), networks)

    def clone(self, group: Group, site: str, name: str, volumes: Sequence[Mapping[str, Any]]) -> Clones:
        """Whole copies beside the images: Ceph clones snapshots of users, and what is not primary takes none."""
        if not volumes:
            return Clones({})
        pool = RbdOptions.read(group, site).pool
        side = self._sides.look_at(group, site, {image_of(pv, pool) for pv in volumes}, copies.TRIED)
        return copies.clone(side, group.name, name, volumes, self.sites[site].outlasting)

    def unclone(self, group: Group, site: str, name: str) -> bool:
        return self._sides.cluster(group, site).remove_copies(copies.INFIX + name, group.name)

    def _proven(
        self, groups: Sequence[Group], site: str, volumes: Mapping[str, list[VolumeStatus]]
    ) -> list[list[VolumeStatus]]:
        """The volumes of groups that follow nothing, with what one look at both sites proves of them."""

        def proven(alike: list[Group]) -> list[list[VolumeStatus]]:
            try:
                here, there = Sides(self.sites, patience=0).look_both(alike, site, "observe")
            except DrError as error:
                return [without_proof(volumes[group.name], error) for group in alike]
            return [with_proof(volumes[group.name], here.of(group.name), there.of(group.name)) for group in alike]

        try:
            return self._each(groups, self.sites, proven)
        except DrError as error:
            # the other site's options cannot be read
            return [without_proof(volumes[group.name], error) for group in groups]


def _journaled(groups: Iterable[Group], site: str) -> list[Group]:
    return [group for group in groups if RbdOptions.read(group, site).mode == "journal"]


def _status(group: Group, site: str, answer: Seen | DrError, volumes: Sequence[VolumeStatus]) -> GroupStatus:
    if isinstance(answer, DrError):
        return unknown(group.name, site, answer)
    status = combine(group.name, site, volumes, LAST_SYNC_SOURCE)
    status = replace(status, last_sync_by=LAST_SYNC_BY) if status.last_sync else status
    return replace(status, present=False) if volumes and not any(item.raw for item in volumes) else status


def _evidence(side: Side, lost: str, networks: Sequence[str]) -> str:
    parts = []
    if side.primaries:
        parts.append(f"{len(side.primaries)} images are primary at {side.site}, into which rbd-mirror does not replay")
    if side.others:
        parts.append(
            f"{len(side.others)} are no primaries: no client writes to them, and their promotion ends the replay"
        )
    if networks:
        parts.append(f"{side.site}'s blocklist has {', '.join(networks)} of {lost}")
    else:
        parts.append(f"no addresses of {lost} are blocked, as options.sites.{lost}.fence names none")
    return f"{side.site}: {'; '.join(parts)}"
