# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OADP's own definition at a site, with a double of its operator: what that does for the lab's Velero, which is real.

As the operator does, it refuses what it can't use in the condition Reconciled, and makes a BackupStorageLocation of
each backup location; whether Velero reaches the object store is then Velero's own word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.ocpvirt.dr.tests.conformance import definitions
from ansible_collections.ocpvirt.dr.tests.integration.control_loop import control_loop
from ansible_collections.ocpvirt.dr.tests.integration.world import VELERO
from demo.cluster import Cluster, wait_until

DEFINITION = "dataprotectionapplications.oadp.openshift.io"
APPLICATIONS = f"/apis/oadp.openshift.io/v1alpha1/namespaces/{VELERO}/dataprotectionapplications"
LOCATIONS = f"/apis/velero.io/v1/namespaces/{VELERO}/backupstoragelocations"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = "application/merge-patch+json"


@contextmanager
def operating(cluster: Cluster) -> Iterator[None]:
    """The operator serves the site; afterwards nothing of it is left there."""
    cluster.call("POST", CRDS, definitions.of_vendors()[DEFINITION])
    wait_until("the definition of OADP", 30, lambda: _unserved(cluster))
    mine, made = Cluster(cluster.kubeconfig), set[str]()

    def reconcile() -> None:
        for item in applications(mine):
            if not item.get("status"):
                _reconcile(mine, item, made)

    try:
        with control_loop(reconcile):
            yield
    finally:
        for name in made:
            cluster.call("DELETE", f"{LOCATIONS}/{name}")
        cluster.delete("CustomResourceDefinition", DEFINITION)


def applications(cluster: Cluster) -> list[dict[str, Any]]:
    return list(cluster.call("GET", APPLICATIONS)["items"])


def _unserved(cluster: Cluster) -> list[str]:
    try:
        applications(cluster)
    except RuntimeError as error:
        # not known yet, or its storage is being made
        return [str(error)]
    return []


def _reconcile(cluster: Cluster, item: dict[str, Any], made: set[str]) -> None:
    name = item["metadata"]["name"]
    locations = item["spec"].get("backupLocations") or []
    fault = "" if locations else "no backupstoragelocations configured"
    for number, location in enumerate(locations, start=1):
        place = location["velero"]
        if not place["config"].get("region") and place["config"].get("s3Url"):
            fault = "region for AWS backupstoragelocation is required"
        elif not fault:
            called = location.get("name") or f"{name}-{number}"
            body = {
                "apiVersion": "velero.io/v1",
                "kind": "BackupStorageLocation",
                "metadata": {"name": called, "namespace": VELERO},
                # the lab has a default location of its own already
                "spec": {**place, "default": False, "validationFrequency": "2s"},
            }
            cluster.call("POST", LOCATIONS, body)
            made.add(called)
    condition = {
        "type": "Reconciled",
        "status": "False" if fault else "True",
        "reason": "Error" if fault else "Complete",
        "message": fault or "Reconcile complete",
        "lastTransitionTime": "2026-03-01T12:00:00Z",
    }
    cluster.call("PATCH", f"{APPLICATIONS}/{name}/status", {"status": {"conditions": [condition]}}, MERGE)
