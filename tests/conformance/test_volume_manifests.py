# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Committed volumes on a real API server: it reads their text as it was meant, and applies it over what is bound."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.manifests import file_text
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import ApiServer
from ansible_collections.ocpvirt.dr.tests.conformance.definitions import MERGE

APPLY = "application/apply-patch+yaml"
# a reader that does not take them for texts would refuse them
TEXTS = [
    "5e10",
    "0o14",
    "y",
    "no",
    "1_000",
    "12:30:45",
    "null",
    "~",
    " a ",
    "# a",
    "a: b",
    'a"b\\c',
    "ä€😀",
    "\x7f\u2028",
]
ANNOTATIONS = {f"example.org/{number}": text for number, text in enumerate(TEXTS)}
SPEC = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "volumeMode": "Block"}
CSI = {
    "driver": "rbd.csi.ceph.com",
    "volumeHandle": "0001-0024-7d0c",
    "volumeAttributes": {"pool": "5e10", "imageName": "csi-vol-1", "staticVolume": "true"},
}


def decision() -> VolumeDecision:
    ref = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "default", "name": "text"}
    pv = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "pv-text", "annotations": ANNOTATIONS},
        "spec": {**SPEC, "claimRef": ref, "csi": CSI, "persistentVolumeReclaimPolicy": "Retain"},
    }
    claim = {"accessModes": SPEC["accessModes"], "volumeMode": "Block", "volumeName": "pv-text"}
    pvc = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "text", "namespace": "default", "annotations": ANNOTATIONS},
        "spec": {**claim, "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": ""},
    }
    return VolumeDecision(pv, pvc, 0, ())


def apply(server: ApiServer) -> list[dict[str, Any]]:
    """Volume and claim, each as the server has it afterwards."""
    found = []
    for text in file_text(decision(), "2026").split("---\n")[1:]:
        of_volume = yaml.safe_load(text)["kind"] == PV.kind
        path = PV.path(None, "pv-text") if of_volume else PVC.path("default", "text")
        status, answer = server.call("PATCH", path, text.encode(), APPLY, fieldManager="flux")
        assert status in (200, 201), answer
        found.append(answer)
    return found


@pytest.fixture(scope="module")
def applied(server: ApiServer) -> list[dict[str, Any]]:
    return apply(server)


def test_the_server_reads_every_text_as_it_was(applied: list[dict[str, Any]]) -> None:
    for item in applied:
        annotations = item["metadata"]["annotations"]
        assert {key: annotations[key] for key in ANNOTATIONS} == ANNOTATIONS
        assert item["metadata"]["labels"] == {"dr.ocpvirt.io/committed-by-plan": "2026"}
    assert applied[0]["spec"]["csi"] == CSI


def test_p5_what_is_bound_meanwhile_is_not_written_by_the_same_text(
    server: ApiServer, applied: list[dict[str, Any]]
) -> None:
    uid = {"spec": {"claimRef": {"uid": applied[1]["metadata"]["uid"], "resourceVersion": "7"}}}
    status, bound = server.call("PATCH", PV.path(None, "pv-text"), uid, MERGE)
    assert status == 200, bound
    done = {"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}}
    status, claim = server.call("PATCH", PVC.path("default", "text"), done, MERGE)
    assert status == 200, claim
    again = apply(server)
    assert [item["metadata"]["resourceVersion"] for item in again] == [
        bound["metadata"]["resourceVersion"],
        claim["metadata"]["resourceVersion"],
    ]
