# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a site while a move is on its way."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage
from ansible_collections.ocpvirt.dr.tests.integration.world import VELERO
from demo.cluster import Cluster, wait_until
from demo.workload import NAMESPACE, not_ready

NODES = "/api/v1/nodes"
MERGE = "application/merge-patch+json"


def restart_api_server(stage: Stage, site: str) -> None:
    stage.world.lab.kill(site, "kube-apiserver")
    stage.world.lab.run("up")


def restore_object_store(stage: Stage) -> None:
    """Until Velero knows that it is back: it looks once a minute, and refuses backups until then."""
    stage.world.lab.run("up")

    def unavailable() -> list[str]:
        return [
            f"{site}: {item['metadata']['name']}"
            for site in stage.standing
            for item in stage.world.cluster(site).list("BackupStorageLocation", VELERO)
            if item.get("status", {}).get("phase") != "Available"
        ]

    wait_until("the object store, as Velero sees it", 150, unavailable)


class Nodes:
    """Of a site: they take no new pod from `fill` to `free`, and what runs there goes on."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def fill_once_one_is_ready(self, names: list[str]) -> None:
        """In the middle of a start."""
        wait_until(
            "the first ready VM", 120, lambda: [] if len(not_ready(self._cluster, names)) < len(names) else names
        )
        self._cordon(True)

    def free(self) -> None:
        self._cordon(False)

    def unplaced(self) -> set[str]:
        """VMs whose launcher has no node."""
        return {
            pod["metadata"]["labels"]["vm.kubevirt.io/name"]
            for pod in self._cluster.list("Pod", NAMESPACE)
            if not pod["spec"].get("nodeName")
        }

    def _cordon(self, closed: bool) -> None:
        for node in self._cluster.call("GET", NODES)["items"]:
            path = f"{NODES}/{node['metadata']['name']}"
            self._cluster.call("PATCH", path, {"spec": {"unschedulable": closed}}, MERGE)
