# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dell CSM Replication: a DellCSIReplicationGroup per consistency group at each site, switched by actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..._cluster.kinds import DELL_REPLICATION_GROUP
from ..._model.group_status import GroupStatus, SyncProof
from ..._model.plan import Group
from ..base import Capabilities
from ..custom_resource import CustomResource
from ..listing_provider import ListingProvider
from ..site_handle import SiteHandle
from .action import await_goal, check_idle, execute
from .before_switch import check_promotable, check_switchable
from .ends import Ends
from .objects import GROUP_OF_PV, Action, mark_patch
from .resources import RESOURCES
from .side import PV_AGE
from .status import (
    FAILED_OVER,
    LINK,
    describe,
    group_status,
    is_given_up,
    is_paused,
    last_switch_words,
    owner,
    pending,
    replicates,
    role,
    was_forced,
)
from .switch import FORCE, REPROTECT, SWAP, is_swapped, is_turned, reprotect


class DellCsmProvider(ListingProvider):
    """`options` of a group: `timeout` of each wait. Dell's controller makes the groups and the PVs at both sites."""

    name = "dell_csm"
    capabilities = Capabilities(
        final_sync=True, force=True, pause=True, groups=True, creates_remote_volumes=True, atomic_switch=True
    )
    resources: ClassVar[tuple[CustomResource, ...]] = RESOURCES

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        super().__init__(sites)
        self._ends = Ends(sites)
        self._covering: dict[tuple[str, str], tuple[float, str]] = {}

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        volumes = [item.pv for item in site.candidates(group) if item.pv]
        names = {(pv["metadata"].get("labels") or {}).get(GROUP_OF_PV) for pv in volumes}
        if len(names) != 1 or names == {None}:
            return ""
        return f"{DELL_REPLICATION_GROUP.kind} {names.pop()} of its {len(volumes)} volumes"

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        side = self._ends.side(group, site)
        now, key = side.api.clock.monotonic(), (group.name, site)
        # asked for each of many thousand volumes
        asked, name = self._covering.get(key, (float("-inf"), ""))
        if now - asked > PV_AGE:
            item = self._ends.find(group, site, None)
            name = item["metadata"]["name"] if item else ""
            self._covering[key] = now, name
        # before `protect` labels claims nothing leads to a group; enabling looks whether it is one for all of them
        return side.holds(name, pv) if name else side.is_replicated(pv)

    def enable(self, group: Group, source: str, target: str) -> bool:
        """Take the two objects for the plan, and see that they replicate that way; a paused link goes on."""
        pair = self._ends.pair(group, source, target)
        if role(pair.here) != "primary" or role(pair.there) != "secondary":
            raise pair.side.refused(
                "replicate the group",
                f"{describe(pair.here)}; at {target}: {describe(pair.there)}",
                f"source at {source}, and not at {target}",
                "bring it to its source first, by relocate or reprotect; nothing was written",
            )
        changed, ends = False, ((pair.side, pair.here), (pair.peer, pair.there))
        for side, item in ends:
            side.check_ours(item)
        for side, item in ends:
            if not owner(item):
                patch = mark_patch(side.site.plan.name, group.name)
                side.api.patch(DELL_REPLICATION_GROUP, item["metadata"]["name"], None, patch)
                changed = True
        return self.resume(group, source) or changed

    def enabled(self, group: Group, site: str) -> bool:
        item = self._ends.find(group, site, None)
        return item is not None and owner(item) == self.sites[site].plan.name

    def disable(self, group: Group, site: str) -> bool:
        """Only our marks: the groups are Dell's, and deleting one deletes the array's."""
        item = self._ends.find(group, site, None)
        if item is None or owner(item) != self.sites[site].plan.name:
            return False
        self.sites[site].api.patch(DELL_REPLICATION_GROUP, item["metadata"]["name"], None, mark_patch(None, None))
        return True

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        if forced:
            return self._promote_by_force(group, site)
        pair = self._ends.pair(group, site, self.sites[site].plan.peer_of(site))
        check_idle(pair.peer, pair.there, "promote the group")
        if pending(pair.here) in (REPROTECT, SWAP):
            return reprotect(pair)
        check_idle(pair.side, pair.here, "promote the group")
        if is_given_up(pair.there):
            await_goal(pair.side, pair.name, lambda seen: role(seen) == "primary", "primary")
            return reprotect(self._ends.pair(group, site, pair.peer.site.name))
        if role(pair.here) == "primary" and role(pair.there) == "secondary":
            return False
        raise pair.side.refused(
            "promote the group",
            f"role {role(pair.here)}; at {pair.peer.site.name} role {role(pair.there)}: {describe(pair.there)}",
            "a peer that a planned switch has given up; nothing was written",
            f"demote it at {pair.peer.site.name}: that is the switch; if both are primary, reprotect; or declare that"
            " site lost and force",
        )

    def demote(self, group: Group, site: str) -> bool:
        """The planned switch as a whole, asked for at the source."""
        pair = self._ends.pair(group, site, self.sites[site].plan.peer_of(site))
        action: Action = "FAILOVER_REMOTE"
        if pending(pair.here) != action:
            check_idle(pair.side, pair.here, "demote the group")
            # what ends the switch that has demoted this side is for `promote` to join
            if not (is_given_up(pair.here) and pending(pair.there) in (REPROTECT, SWAP)):
                check_idle(pair.peer, pair.there, "demote the group")
            if role(pair.here) == "secondary" or role(pair.there) == "primary":
                return False
            pair.side.check_ours(pair.here)
            # from a link that stands still some arrays would switch without the rest
            await_goal(pair.side, pair.name, lambda seen: LINK.read(seen) == "SYNCHRONIZED", "synchronized")
        execute(pair.side, pair.name, action, lambda seen: role(seen) == "secondary", "given up by a planned switch")
        return True

    def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:
        """What the switch, or the reprotection that ends it, would refuse or wait for in vain with all VMs off."""
        for group in groups:
            check_switchable(self._ends.pair(group, source, target))

    def check_forceable(self, groups: Sequence[Group], site: str) -> None:
        """Where nothing leads to a group yet, the run has to bring its claims first."""
        since = self._moment()
        for group in groups:
            item = self._ends.find(group, site, since)
            if item is not None and role(item) != "primary":
                check_promotable(self._ends.side(group, site), item, FORCE)

    def has_switched(self, group: Group, source: str, target: str) -> bool:
        """The source's array says so at once; the target shows it when its monitor has looked."""
        pair = self._ends.pair(group, source, target)
        if is_given_up(pair.here) and not replicates(pair.here):
            await_goal(pair.peer, pair.peer_name, lambda seen: role(seen) == "primary", "primary")
            return True
        return role(pair.there) == "primary"

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        pair = self._ends.pair(group, source, target)
        if not is_given_up(pair.here) or was_forced(pair.there):
            raise pair.side.refused(
                "prove the final sync",
                f"role {role(pair.here)}, {last_switch_words(pair.here)}; at {target}: {last_switch_words(pair.there)}",
                "a source that FAILOVER_REMOTE has given up: the planned switch takes its last data along",
                "demote it first",
            )
        await_goal(pair.peer, pair.peer_name, lambda seen: role(seen) == "primary", "primary")
        now = pair.peer.named(pair.peer_name)
        return SyncProof(
            group.name,
            holds=not was_forced(now),
            compared=f"the product's planned switch, and both ends of the link after it; no content was compared:"
            f" {last_switch_words(pair.here)}",
            source=f"{pair.name}: {describe(pair.here)}",
            target=f"{pair.peer_name}: {describe(now)}",
            at=pair.side.api.clock.now().isoformat(),
            volumes=len(self.sites[source].volumes(group)),
        )

    def resync(self, group: Group, site: str) -> bool:
        """The peer is reprotected: this copy is demoted by that, and takes all from it."""
        peer = self.sites[site].plan.peer_of(site)
        pair = self._ends.pair(group, site=peer, peer=site)
        check_idle(pair.peer, pair.there, "resynchronise the group")
        if pending(pair.here) in (REPROTECT, SWAP):
            return reprotect(pair)
        check_idle(pair.side, pair.here, "resynchronise the group")
        failed_over = LINK.read(pair.here) == FAILED_OVER or is_swapped(pair) or is_turned(pair)
        two = role(pair.there) == "primary" and not failed_over
        if role(pair.here) != "primary" or two:
            raise pair.peer.refused(
                "resynchronise the group",
                f"at {peer} role {role(pair.here)}: {describe(pair.here)}; at {site} role {role(pair.there)}",
                f"primary at {peer} alone, or failed over to {peer}: its data replaces this copy",
                f"promote {peer} first, or find out which side holds the data",
            )
        return reprotect(pair) or self.resume(group, peer)

    def pause(self, group: Group, site: str) -> bool:
        return self._set_link(group, site, "SUSPEND")

    def resume(self, group: Group, site: str) -> bool:
        return self._set_link(group, site, "RESUME")

    def _promote_by_force(self, group: Group, site: str) -> bool:
        side = self._ends.side(group, site)
        item = self._ends.get(group, site)
        if role(item) == "primary":
            return False
        side.check_ours(item)
        execute(side, item["metadata"]["name"], FORCE, lambda seen: role(seen) == "primary", "failed over to by force")
        return True

    def _set_link(self, group: Group, site: str, action: Action) -> bool:
        side = self._ends.side(group, site)
        item = self._ends.get(group, site)
        goal = replicates if action == "RESUME" else is_paused
        if goal(item) or pending(item) == action:
            return False
        check_idle(side, item, f"{action.lower()} the replication")
        if not replicates(item) and not is_paused(item):
            raise side.refused(
                f"{action.lower()} the replication",
                describe(item),
                "a link that replicates or is suspended",
                "bring the replication in order first; nothing was written",
            )
        side.check_ours(item)
        execute(side, item["metadata"]["name"], action, goal, "suspended" if action == "SUSPEND" else "replicating")
        return True

    def _moment(self) -> int:
        return self._ends.moment()

    def _look(self, group: Group, site: str, since: int) -> GroupStatus:
        item = self._ends.find(group, site, since)
        if item is None:
            message = "none of its claims is here, and nothing leads to its replication group"
            return GroupStatus(group.name, site, "unknown", "unknown", "none", message=message, present=False)
        return group_status(group.name, site, item)
