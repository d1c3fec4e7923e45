# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ramen in the lab: the operator of a hub, which is at west, over the operators of both clusters.

Phases are ahead of what was done, and a cluster that is out of reach holds a relocation up without a word, as there.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.ocpvirt.dr.tests.conformance import definitions
from ansible_collections.ocpvirt.dr.tests.integration.control_loop import control_loop
from ansible_collections.ocpvirt.dr.tests.integration.products.ramen_cluster import (
    API,
    MERGE,
    SPACE,
    RamenCluster,
    holds,
    tell,
)
from demo.cluster import Cluster, Object, wait_until
from requests import RequestException

HUB = "west"
OTHER = {"east": "west", "west": "east"}
KINDS = ("drplacementcontrols", "volumereplicationgroups")
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LAST_PLACED = "drplacementcontrol.ramendr.openshift.io/last-app-deployment-cluster"
SETTLED_WITHIN = 60
# until the agent of a cluster that was cut off has heard of its hub again; of one that is lost each question would take
# its whole deadline, and hold up what needs nothing of it
RETURNS_AFTER = 15.0


class Application(Protocol):
    """What a placement deploys, and what Ramen restores with the volumes."""

    def clear(self, site: str) -> None: ...

    def is_cleared(self, site: str) -> bool: ...

    def restore(self, site: str) -> None: ...

    def is_restored(self, site: str) -> bool: ...

    def capture(self, site: str) -> None: ...


class Stays:
    """Claims that are at both sites, with nothing on them."""

    def clear(self, site: str) -> None: ...

    def is_cleared(self, site: str) -> bool:
        return True

    def restore(self, site: str) -> None: ...

    def is_restored(self, site: str) -> bool:
        return True

    def capture(self, site: str) -> None: ...


class Ramen:
    """sites: of `lab env`. claims: namespace and export of each volume. Managed clusters are called as the sites."""

    def __init__(
        self, sites: dict[str, dict[str, Any]], name: str, claims: list[tuple[str, str]], application: Application
    ) -> None:
        self._name = name
        self._application = application
        self._clusters = {site: Cluster(Path(facts["kubeconfig"])) for site, facts in sites.items()}
        self._hub = Cluster(Path(sites[HUB]["kubeconfig"]))
        self._path = f"{API}/namespaces/{SPACE}/{KINDS[0]}/{name}"
        self._operators = {
            site: RamenCluster(
                Cluster(Path(facts["kubeconfig"])),
                facts,
                name,
                claims,
                lambda site=site: application.is_cleared(site),  # type: ignore[misc]
                lambda site=site: application.is_restored(site),  # type: ignore[misc]
            )
            for site, facts in sites.items()
        }
        self._parted = False
        self._returns: dict[str, float] = dict.fromkeys(sites, 0.0)
        self._running = ExitStack()

    def start(self) -> None:
        for site, cluster in self._clusters.items():
            _install(cluster)
            cluster.call("POST", f"{API}/namespaces/{SPACE}/{KINDS[1]}", self._group(site))
        self._hub.call("POST", f"{API}/namespaces/{SPACE}/{KINDS[0]}", self._placement())
        for operator in self._operators.values():
            self._running.enter_context(control_loop(operator.operate))
        self._running.enter_context(control_loop(self.reconcile))
        wait_until("the first deployment", SETTLED_WITHIN, self._undeployed)

    def stop(self) -> None:
        self._running.close()

    def part(self) -> None:
        """The other cluster does not hear of the hub any more."""
        self._parted = True

    def join(self) -> None:
        if self._parted:
            self._parted = False
            self._returns[OTHER[HUB]] = time.monotonic() + RETURNS_AFTER

    def reconcile(self) -> None:
        item = self._hub.call("GET", self._path)
        groups = self._views()
        status: Object = dict(item.get("status", {}))
        action = item["spec"].get("action")
        if action == "Failover":
            self._fail_over(item, status, groups)
        elif action == "Relocate":
            self._relocate(item, status, groups)
        else:
            self._deploy(item, status, groups)
        if status != item.get("status"):
            self._hub.call("PATCH", f"{self._path}/status", {"status": status}, MERGE)

    def _deploy(self, item: Object, status: Object, groups: dict[str, Object]) -> None:
        site = item["spec"]["preferredCluster"]
        if len(groups) == 2 and _is(groups[site], "Primary") and _is(groups[OTHER[site]], "Secondary"):
            status["phase"] = "Deployed"
            self._end(item, status, groups, site)

    def _fail_over(self, item: Object, status: Object, groups: dict[str, Object]) -> None:
        target, generation = item["spec"]["failoverCluster"], item["metadata"]["generation"]
        if _asked(groups, target) == "primary":
            self._enter(item, status, "FailedOver")
            tell(status, generation, "Available", True, "Completed")
            if not self._is_ready(groups, target):
                status["progression"] = "WaitForReadiness"
                self._application.restore(target)
                return
            self._end(item, status, groups, target)
        elif target in groups and _is(groups[target], "Secondary"):
            self._enter(item, status, "FailingOver")
            tell(status, generation, "Available", False, "Starting failover")
            tell(status, generation, "PeerReady", False, "Started failover")
            status["progression"] = "FailingOverToCluster"
            self._ask(groups[target], target, "primary", "Failover")
        else:
            tell(status, generation, "Available", False, f"{target} is not a valid Secondary target")

    def _relocate(self, item: Object, status: Object, groups: dict[str, Object]) -> None:
        target, generation = item["spec"]["preferredCluster"], item["metadata"]["generation"]
        source = OTHER[target]
        if len(groups) < 2:
            # nothing is said of it
            return
        if _asked(groups, target) == "primary":
            self._enter(item, status, "Relocating" if not self._is_ready(groups, target) else "Relocated")
            if not self._is_ready(groups, target):
                status["progression"] = "WaitForReadiness"
                self._application.restore(target)
                return
            tell(status, generation, "Available", True, "Completed")
            self._end(item, status, groups, target)
            return
        self._enter(item, status, "Relocating")
        tell(status, generation, "Available", False, "Starting relocation")
        tell(status, generation, "PeerReady", False, "Relocation in progress")
        status["progression"] = "EnsuringVolumesAreSecondary"
        self._ask(groups[source], source, "secondary", "Relocate")
        self._application.clear(source)
        if _is(groups[source], "Secondary") and holds(groups[source], "DataProtected"):
            status["progression"] = "WaitingForResourceRestore"
            self._ask(groups[target], target, "primary", "Relocate")

    def _end(self, item: Object, status: Object, groups: dict[str, Object], target: str) -> None:
        generation, peer = item["metadata"]["generation"], OTHER[target]
        if (item["metadata"].get("annotations") or {}).get(LAST_PLACED) != target:
            self._hub.call("PATCH", self._path, {"metadata": {"annotations": {LAST_PLACED: target}}}, MERGE)
        status["progression"] = "Cleaning Up"
        if peer not in groups:
            return
        if _asked(groups, peer) != "secondary":
            self._ask(groups[peer], peer, "secondary", item["spec"].get("action", "Failover"))
        if not _is(groups[peer], "Secondary"):
            self._application.clear(peer)
            return
        for name in ("Available", "PeerReady", "Protected"):
            tell(status, generation, name, True, "Ready")
        status["progression"] = "Completed"
        status["lastGroupSyncTime"] = groups[target].get("status", {}).get("lastGroupSyncTime")
        self._application.capture(target)

    def _is_ready(self, groups: dict[str, Object], site: str) -> bool:
        names = ("DataReady", "ClusterDataReady", "KubeObjectsReady")
        return _is(groups[site], "Primary") and all(holds(groups[site], name) for name in names)

    def _ask(self, group: Object, site: str, state: str, action: str) -> None:
        if group["spec"]["replicationState"] != state:
            spec = {"replicationState": state, "action": action}
            self._clusters[site].call("PATCH", self._operators[site].path, {"spec": spec}, MERGE)

    def _enter(self, item: Object, status: Object, phase: str) -> None:
        """observedGeneration follows the phase only."""
        if status.get("phase") != phase:
            status.update(phase=phase, observedGeneration=item["metadata"]["generation"])

    def _views(self) -> dict[str, Object]:
        """The groups of the clusters that are reached."""
        found = {}
        for site, cluster in self._clusters.items():
            if (site != HUB and self._parted) or time.monotonic() < self._returns[site]:
                continue
            try:
                found[site] = cluster.call("GET", self._operators[site].path)
            except RequestException:
                self._returns[site] = time.monotonic() + RETURNS_AFTER
            except RuntimeError:
                # the group is not there yet
                continue
        return found

    def _undeployed(self) -> list[str]:
        item = self._hub.call("GET", self._path)
        return [] if holds(item, "PeerReady") else [str(item.get("status"))]

    def _placement(self) -> Object:
        spec = {
            "drPolicyRef": {"name": "lab"},
            "placementRef": {"kind": "Placement", "name": self._name},
            "preferredCluster": "east",
            "pvcSelector": {},
        }
        meta = {"name": self._name, "namespace": SPACE}
        return {
            "apiVersion": "ramendr.openshift.io/v1alpha1",
            "kind": "DRPlacementControl",
            "metadata": meta,
            "spec": spec,
        }

    def _group(self, site: str) -> Object:
        state = "primary" if site == "east" else "secondary"
        spec = {"pvcSelector": {}, "replicationState": state, "s3Profiles": ["lab"], "action": "Failover"}
        meta = {"name": self._name, "namespace": SPACE}
        kind = "VolumeReplicationGroup"
        return {"apiVersion": "ramendr.openshift.io/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}


def _is(group: Object, state: str) -> bool:
    status = group.get("status", {})
    return bool(status.get("state") == state and status.get("observedGeneration") == group["metadata"]["generation"])


def _asked(groups: dict[str, Object], site: str) -> str:
    return str(groups[site]["spec"]["replicationState"]) if site in groups else "unknown"


def _install(cluster: Cluster) -> None:
    known = {item["metadata"]["name"] for item in cluster.list("CustomResourceDefinition")}
    for plural in KINDS:
        name = f"{plural}.ramendr.openshift.io"
        if name not in known:
            cluster.call("POST", CRDS, definitions.of_vendors()[name])
    if SPACE not in {item["metadata"]["name"] for item in cluster.list("Namespace")}:
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})

    def unserved() -> list[str]:
        try:
            for plural in KINDS:
                cluster.call("GET", f"{API}/{plural}")
        except RuntimeError as error:
            # not known yet, or its storage is being made
            return [str(error)]
        return []

    wait_until("the definitions of Ramen", SETTLED_WITHIN, unserved)
