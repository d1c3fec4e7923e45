# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ramen's operators as their source of 2026 has them, at a hub and at two clusters, in simulated time.

Traps included: a phase that is ahead of what was done, an observedGeneration that follows the phase only, an order that
is not answered at all while a cluster is out of reach, a source that is given up only once its claims are deleted.
"""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DR_PLACEMENT_CONTROL, RAMEN_VOLUME_GROUP
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.objects import LAST_PLACED
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.api import RamenApi, holds, tell
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, SimulatedTime

Object = dict[str, Any]
NAME, SPACE = "payroll", "openshift-dr-ops"
CLUSTERS = {"east": "dr1", "west": "dr2"}
# of the operator at a cluster, from what is asked for to what its group says
TAKES = 3.0


def other(site: str) -> str:
    return "west" if site == "east" else "east"


class Ramen:
    """reached: clusters that answer the hub. linked: the storages reach each other. stopped: the hub's operator.

    cleaned: sites whose claims have been deleted, once asked for: by ACM, or where `by_hand` by nobody until then.
    prepared: for the final sync, at its source. unused: no pod there has a volume. restores: its S3 store can be read.
    restarted: csi-addons' manager, which then finds that a demoted copy follows its new primary.
    """

    def __init__(self, time: SimulatedTime, hub: RamenApi, sites: dict[str, RamenApi], claims: list[str]) -> None:
        self.hub, self.sites, self.claims = hub, sites, claims
        self.reached, self.cleaned, self.unused = {"east", "west"}, set[str](), {"east", "west"}
        self.linked, self.stopped, self.by_hand, self.restores, self.prepared = True, False, False, True, True
        self.restarted = False
        self.data: dict[str, list[str]] = {"east": [], "west": []}
        self._time = time
        self._since: dict[str, tuple[int, float]] = {}
        time.at(time.seconds + 1, self._tick)

    def write(self, text: str) -> None:
        (primary,) = [site for site in self.sites if self.group(site)["status"]["state"] == "Primary"]
        self.data[primary].append(text)
        if self.linked:
            self.data[other(primary)] = list(self.data[primary])

    def placement(self) -> Object:
        return copy.deepcopy(self.hub.objects[DR_PLACEMENT_CONTROL.kind, SPACE, NAME])

    def group(self, site: str) -> Object:
        return copy.deepcopy(self.sites[site].objects[RAMEN_VOLUME_GROUP.kind, SPACE, NAME])

    def _tick(self) -> None:
        self._time.at(self._time.seconds + 1, self._tick)
        if (DR_PLACEMENT_CONTROL.kind, SPACE, NAME) in self.hub.objects and not self.stopped:
            item = self.placement()
            self._reconcile(item)
            self.hub.keep(DR_PLACEMENT_CONTROL, item)
        for site in self.sites:
            if (RAMEN_VOLUME_GROUP.kind, SPACE, NAME) in self.sites[site].objects:
                self._operate(site)

    # at the hub

    def _reconcile(self, item: Object) -> None:
        action = item["spec"].get("action")
        if action == "Failover":
            self._fail_over(item, _site(item["spec"]["failoverCluster"]))
        elif action == "Relocate":
            self._relocate(item, _site(item["spec"]["preferredCluster"]))
        primary = next((site for site in self.sites if self._is(site, "Primary") and site in self.reached), None)
        if primary and (last := self.group(primary)["status"].get("lastGroupSyncTime")):
            item["status"]["lastGroupSyncTime"] = last

    def _fail_over(self, item: Object, target: str) -> None:
        if self._asked(target) == "primary":
            self._phase(item, "FailedOver")
            self._say(item, "Available", True, "Completed")
            if not self._is_ready(target):
                self._progress(item, "WaitForReadiness")
                return
            self._end(item, target)
            return
        if target not in self.reached or not self._is(target, "Secondary"):
            self._say(item, "Available", None, f"{CLUSTERS[target]} is not a valid Secondary target")
            return
        self._phase(item, "FailingOver")
        self._say(item, "Available", False, "Starting failover")
        self._say(item, "PeerReady", False, "Started failover")
        self._progress(item, "FailingOverToCluster")
        self._ask(target, "primary", "Failover")

    def _relocate(self, item: Object, target: str) -> None:
        source = other(target)
        if self.reached != {"east", "west"}:
            # nothing is said of it
            return
        if self._asked(target) == "primary" and self._asked(source) == "primary":
            self._say(item, "Available", None, "multiple primaries in transition detected")
            return
        if self._asked(target) == "primary":
            if not self._is_ready(target):
                self._phase(item, "Relocating")
                self._progress(item, "WaitForReadiness")
                return
            self._phase(item, "Relocated")
            self._say(item, "Available", True, "Completed")
            self._end(item, target)
            return
        if item["status"]["phase"] != "Relocating" and not holds(item, "PeerReady", of_now=False):
            self._say(item, "Available", None, "clean up secondaries is pending, peer is not ready")
            return
        if not self.prepared:
            self._say(item, "Available", False, "Preparing")
            self._progress(item, "PreparingFinalSync")
            return
        self._phase(item, "Relocating")
        self._say(item, "Available", False, "Starting relocation")
        self._say(item, "PeerReady", False, "Relocation in progress")
        self._clean(item, source, "EnsuringVolumesAreSecondary")
        self._ask(source, "secondary", "Relocate")
        if self._is(source, "Secondary") and self._holds(source, "DataProtected"):
            self._ask(target, "primary", "Relocate")
            self._progress(item, "WaitingForResourceRestore")

    def _end(self, item: Object, target: str) -> None:
        """It is placed; the other cluster is to become a secondary."""
        item["metadata"].setdefault("annotations", {})[LAST_PLACED] = CLUSTERS[target]
        self.cleaned.discard(target)
        peer = other(target)
        if not holds(item, "PeerReady"):
            self._progress(item, "WaitOnUserToCleanUp" if self.by_hand else "Cleaning Up")
            if peer not in self.reached:
                return
            self._ask(peer, "secondary", str(item["spec"]["action"]))
            if not self._is(peer, "Secondary"):
                return
            self._say(item, "PeerReady", True, "Ready")
        self._progress(item, "Completed")

    def _clean(self, item: Object, site: str, else_progress: str) -> None:
        if self.by_hand:
            self._progress(item, "WaitOnUserToCleanUp")
            return
        self._progress(item, else_progress)
        self.cleaned.add(site)

    # at the clusters

    def _operate(self, site: str) -> None:
        item = self.group(site)
        generation = item["metadata"]["generation"]
        known, since = self._since.setdefault(site, (generation, -TAKES))
        if known != generation:
            self._since[site] = known, since = generation, self._time.seconds
        if self._time.seconds - since < TAKES:
            return
        status, asked = item["status"], item["spec"]["replicationState"]
        status["observedGeneration"] = generation
        done = self._promoted(item, site) if asked == "primary" else self._demoted(item, site)
        self._tell(item, "DataReady", done, "Ready" if done else "Progressing")
        status["state"] = asked.capitalize() if done else "Unknown"
        self.sites[site].keep(RAMEN_VOLUME_GROUP, item)

    def _promoted(self, item: Object, site: str) -> bool:
        for name in ("ClusterDataReady", "KubeObjectsReady", "ClusterDataProtected"):
            self._tell(item, name, self.restores or name == "ClusterDataProtected", "Restored")
        spaces = [claim.split("/") for claim in self.claims]
        item["status"]["protectedPVCs"] = [{"namespace": space, "name": name} for space, name in spaces]
        if self.linked and other(site) in self.reached:
            item["status"]["lastGroupSyncTime"] = self.now()
        return True

    def _demoted(self, item: Object, site: str) -> bool:
        if item["status"]["state"] == "Secondary":
            follows = self.restarted and self._asked(other(site)) == "primary"
            self._tell(item, "DataProtected", not follows, "Replicating" if follows else "DataProtected")
            return True
        moved = item["spec"].get("action") == "Relocate"
        if not self.linked or site not in self.unused or (moved and site not in self.cleaned):
            self._tell(item, "DataProtected", False, "Progressing")
            return False
        source, target = (site, other(site)) if moved else (other(site), site)
        self.data[target] = list(self.data[source])
        self._tell(item, "DataProtected", True, "DataProtected")
        item["status"].update(protectedPVCs=[], lastGroupSyncTime=None)
        return True

    # words

    def _ask(self, site: str, state: str, action: str) -> None:
        item = self.group(site)
        spec = {**item["spec"], "replicationState": state, "action": action}
        if item["spec"]["replicationState"] != state:
            item["spec"] = spec
            item["metadata"]["generation"] += 1
            self.sites[site].keep(RAMEN_VOLUME_GROUP, item)

    def _asked(self, site: str) -> str:
        return str(self.group(site)["spec"]["replicationState"]) if site in self.reached else "unknown"

    def _is(self, site: str, state: str) -> bool:
        item = self.group(site)
        current = item["status"]["observedGeneration"] == item["metadata"]["generation"]
        return bool(item["status"]["state"] == state and current)

    def _holds(self, site: str, name: str) -> bool:
        return holds(self.group(site), name)

    def _is_ready(self, site: str) -> bool:
        return self._is(site, "Primary") and self._holds(site, "DataReady") and self._holds(site, "ClusterDataReady")

    def _phase(self, item: Object, phase: str) -> None:
        if item["status"]["phase"] != phase:
            item["status"].update(phase=phase, observedGeneration=item["metadata"]["generation"])

    def _progress(self, item: Object, progression: str) -> None:
        item["status"]["progression"] = progression

    def _say(self, item: Object, name: str, value: bool | None, message: str) -> None:
        tell(item, name, value, name, message)

    def _tell(self, item: Object, name: str, value: bool, reason: str) -> None:
        tell(item, name, value, reason, f"{name} is {value}")

    def now(self) -> str:
        return (NOON + timedelta(seconds=self._time.seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")


def _site(cluster: str) -> str:
    return next(site for site, name in CLUSTERS.items() if name == cluster)
