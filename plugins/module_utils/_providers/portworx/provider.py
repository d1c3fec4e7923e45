# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Portworx asynchronous DR: a MigrationSchedule of Stork for each direction of a group, switched by its Actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from ..._cluster.kinds import MIGRATION_SCHEDULE
from ..._errors import DrError
from ..._model.group_status import GroupStatus, SyncProof
from ..._model.plan import Group
from ..base import Capabilities
from ..claim_cover import is_of_its_claim
from ..custom_resource import CustomResource
from ..listing_provider import ListingProvider
from ..peer import asking_peer
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from .forced import check_forceable, fail_over_by_force
from .objects import go_on_patch
from .resources import RESOURCES
from .side import Listing, Side
from .status import NAMESPACES, SELECTORS, SUSPENDED, WITH_VOLUMES, group_status, owner, state
from .switch import Ends, undo
from .turn import check_movable, hand_over, prove, replace_copy, take_up

REMEDY = "install Stork 24.2 or later there, or correct the plan's provider"


class PortworxProvider(ListingProvider):
    """`options` of a group: see portworx_options. Both sites have a ClusterPair of one name, each for the other.

    Portworx locks no volume of such a pair: a secondary can be written by whoever mounts it, and so can an old source.
    """

    name = "portworx"
    capabilities = Capabilities(
        final_sync=True, force=True, pause=True, reports_lag=True, groups=True, atomic_switch=True
    )
    resources: ClassVar[tuple[CustomResource, ...]] = RESOURCES

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        super().__init__(sites)
        self._reads: SharedReads[Listing] = SharedReads(tuple, REMEDY)

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        claims = [item.pvc["metadata"] for item in site.candidates(group)]
        for namespace in sorted({meta["namespace"] for meta in claims}):
            try:
                found = site.api.list(MIGRATION_SCHEDULE, namespace)
            except DrError as error:
                # an account of another product has no rights here; the server says so also where it serves nothing
                if error.status in (403, 404):
                    return ""
                raise
            for item in found:
                if any(_takes(item, meta) for meta in claims):
                    return f"{MIGRATION_SCHEDULE.kind} {namespace}/{item['metadata']['name']} takes its claims along"
        return ""

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        """Stork finds a volume by its claim; whether it took that along is told by each migration."""
        return is_of_its_claim(group, self.sites[site], pv)

    def enable(self, group: Group, source: str, target: str) -> bool:
        ends = self._ends(group, source, target)
        here, peer = ends.here, ends.peer
        if not ends.mine.claims:
            raise here.refused(
                "replicate the group",
                "none of its claims is here",
                "its claims with their volumes: Stork finds volumes by them",
                "run protect where the plan lives",
            )
        if ends.mine.role not in ("primary", "unknown") or ends.mine.copy or ends.theirs.out or ends.theirs.activated:
            raise here.refused(
                "replicate the group",
                f"{state(ends.mine)}; at {target}: {state(ends.theirs)}",
                f"no schedule that sends from {target}, and nothing that was failed over",
                "bring it to its source first, by relocate or reprotect; nothing was written",
            )
        if ends.mine.action_of_switch:
            undo(ends)
        here.check_alone()
        peer.check_alone()
        changed = here.send({key[0] for key in ends.mine.claims})
        peer.await_copy()
        original = here.standing().out
        return bool(original and peer.follow(original)) or changed

    def enabled(self, group: Group, site: str) -> bool:
        return any(self._ours(group, site))

    def disable(self, group: Group, site: str) -> bool:
        """Stork makes a copy again as long as its original runs, so that goes first where it can be reached."""
        side, ours = self._side(group, site), self._ours(group, site)
        peer = self._side(group, side.site.plan.peer_of(site))
        copies = [item for item in ours if item["metadata"]["name"] == side.copy_name]
        if copies:
            # a silence there is its own affair: it is asked to give its part back too
            with suppress(DrError):
                peer.delete(MIGRATION_SCHEDULE, [item for item in [peer.standing().out] if item and _is(item, peer)])
        return side.delete(MIGRATION_SCHEDULE, ours)

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        if forced:
            return self._promote_by_force(group, site)
        return take_up(self._ends(group, site))

    def demote(self, group: Group, site: str) -> bool:
        """The planned switch as a whole, asked for at the target."""
        return hand_over(self._ends(group, site))

    def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:
        for group in groups:
            check_movable(self._ends(group, source, target))

    def check_forceable(self, groups: Sequence[Group], site: str) -> None:
        since = self._moment()
        for group in groups:
            side = self._side(group, site)
            mine = side.standing(since)
            if mine.role != "primary":
                check_forceable(side, mine)

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        return prove(self._ends(group, source, target))

    def resync(self, group: Group, site: str) -> bool:
        """The peer sends from now on, and this copy takes all from it: what it has of its own is lost."""
        return replace_copy(self._ends(group, self.sites[site].plan.peer_of(site), site))

    def pause(self, group: Group, site: str) -> bool:
        return self._set_suspended(group, site, True)

    def resume(self, group: Group, site: str) -> bool:
        return self._set_suspended(group, site, False)

    def _promote_by_force(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        mine = side.standing()
        if mine.role == "primary":
            return False
        check_forceable(side, mine)
        if mine.action_of_switch:
            # it holds all that it has sent, and goes on with it
            side.api.patch(MIGRATION_SCHEDULE, side.out_name, side.namespace, go_on_patch())
            return True
        fail_over_by_force(side, mine)
        return True

    def _set_suspended(self, group: Group, site: str, suspended: bool) -> bool:
        side = self._side(group, site)
        mine = side.standing()
        if mine.out is None or mine.action_of_switch:
            raise side.refused(
                f"{'pause' if suspended else 'resume'} the replication",
                state(mine),
                "a schedule that sends from here",
                "ask at the site that is primary; nothing was written",
            )
        if bool(SUSPENDED.read(mine.out)) == suspended:
            return False
        side.check_alone()
        side.set_suspended(suspended)
        return True

    def _moment(self) -> int:
        return self._reads.moment()

    def _look(self, group: Group, site: str, since: int) -> GroupStatus:
        return group_status(group.name, site, self._side(group, site).standing(since))

    def _side(self, group: Group, site: str) -> Side:
        return Side(group, self.sites[site], self._reads)

    def _ends(self, group: Group, site: str, peer: str = "") -> Ends:
        """Both, asked now."""
        here = self._side(group, site)
        there = self._side(group, peer or here.site.plan.peer_of(site))
        mine = here.standing()
        with asking_peer(group.name, site, there.site.name):
            return Ends(here, mine, there, there.standing())

    def _ours(self, group: Group, site: str) -> list[dict[str, Any]]:
        side = self._side(group, site)
        standing = side.standing()
        return [item for item in (standing.out, standing.copy) if item and _is(item, side)]


def _is(item: Mapping[str, Any], side: Side) -> bool:
    return owner(item) == side.site.plan.name


def _takes(item: Mapping[str, Any], claim: Mapping[str, Any]) -> bool:
    """Whether the schedule's migrations take the claim along, whoever made it."""
    labels = claim.get("labels") or {}
    return (
        WITH_VOLUMES.read(item) is not False
        and claim["namespace"] in (NAMESPACES.read(item) or ())
        and all(labels.get(key) == value for key, value in (SELECTORS.read(item) or {}).items())
    )
