# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is decided of many volumes before anything is written: pure functions, no API server.

Half of the volumes are NFS, half are of ceph-csi as OpenShift Data Foundation provisions them; VMs use two each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.changes import Existing, settle_all
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.volumes import decide
from ansible_collections.ocpvirt.dr.tests.bench.many_volumes import claim, document, volume
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from demo.lab import Lab

COUNT = 20_000
ROUNDS = 5
GOAL = 2.0
SPACE = "bench"
DRIVER = "openshift-storage.rbd.csi.ceph.com"
# id of the Ceph cluster and of the pool
CEPH = {"east": ("6d0d2bcb58d9ee8bf4a9f5e6f3b2b1a0", 1), "west": ("b3f1d9a7c2e84e0f9a6b5c4d3e2f1a0b", 3)}


def plan(lab: Lab, _folder: Path) -> list[Result]:
    """20,000 volumes patched, and settled beside an empty target."""
    sites = lab.environment()["sites"]
    planned = parse_plan(plan_of(sites))
    capture = captured(sites["east"]["nfs_server"])

    def decided() -> None:
        settle_all(decide(planned, capture, "west"), Existing({}, {}), "west")

    rounds = sorted(_timed(decided) for _round in range(ROUNDS))
    median, processor = rounds[ROUNDS // 2]
    metric = f"seconds, {COUNT:,} volumes, median of {ROUNDS}; limit: the processor time of that round"
    goal = f"below {GOAL:.0f} s"
    return [Result("volume_planning", metric, median, None, processor, median, goal, median < GOAL)]


def plan_of(sites: dict[str, Any]) -> dict[str, Any]:
    """The plan for NFS, with a rule for Ceph before that one."""
    found = document(SPACE, sites, "/captures")
    rule = {
        "match": {"csi": {"driver": DRIVER, "volumeHandle": "0001-0020-[0-9a-f]{32}-[0-9a-f]{16}-(?P<image>.+)"}},
        "set": {
            site: {
                "csi.volumeHandle": f"0001-0020-{cluster}-{pool:016x}-{{match.image}}",
                "csi.volumeAttributes.clusterID": cluster,
                "storageClassName": f"rbd-{site}",
            }
            for site, (cluster, pool) in CEPH.items()
        },
    }
    found["volumes"]["rules"].insert(0, rule)
    return found


def captured(server: str) -> Capture:
    names = [f"disk-{number}" for number in range(COUNT)]
    return Capture(
        "bench",
        {
            "persistentvolumes": [_volume(number, name, server) for number, name in enumerate(names)],
            "persistentvolumeclaims": [_claim(number, name) for number, name in enumerate(names)],
            "virtualmachines.kubevirt.io": [
                _vm(number, pair) for number, pair in enumerate(zip(names[::2], names[1::2], strict=True))
            ],
        },
    )


def _uuid(kind: int, number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{kind:012x}"


def _volume(number: int, name: str, server: str) -> dict[str, Any]:
    found = volume(SPACE, name, server)
    found["metadata"] |= {
        "uid": _uuid(1, number),
        "resourceVersion": str(number),
        "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER},
        "finalizers": ["kubernetes.io/pv-protection"],
    }
    found["spec"]["claimRef"] |= {"uid": _uuid(2, number), "resourceVersion": str(number)}
    if number % 2:
        del found["spec"]["nfs"]
        found["spec"]["csi"] = _of_ceph(_uuid(3, number))
        found["spec"]["storageClassName"] = "rbd-east"
    return found


def _of_ceph(image: str) -> dict[str, Any]:
    cluster, pool = CEPH["east"]
    secret = {"name": "rook-csi-rbd-provisioner", "namespace": "openshift-storage"}
    return {
        "driver": DRIVER,
        "controllerExpandSecretRef": secret,
        "controllerPublishSecretRef": secret,
        "nodeStageSecretRef": {"name": "rook-csi-rbd-node", "namespace": "openshift-storage"},
        "volumeAttributes": {
            "clusterID": cluster,
            "imageFeatures": "layering,deep-flatten,exclusive-lock,object-map,fast-diff",
            "imageFormat": "2",
            "imageName": f"csi-vol-{image}",
            "journalPool": "ocs-storagecluster-cephblockpool",
            "mapOptions": "krbd:rxbounce",
            "mounter": "rbd",
            "pool": "ocs-storagecluster-cephblockpool",
            "storage.kubernetes.io/csiProvisionerIdentity": f"1759911234567-8081-{DRIVER}",
        },
        "volumeHandle": f"0001-0020-{cluster}-{pool:016x}-{image}",
    }


def _claim(number: int, name: str) -> dict[str, Any]:
    found = claim(SPACE, name)
    found["metadata"] |= {
        "uid": _uuid(2, number),
        "resourceVersion": str(number),
        "annotations": {
            "pv.kubernetes.io/bind-completed": "yes",
            "cdi.kubevirt.io/storage.condition.running.message": "Import Complete",
            "cdi.kubevirt.io/storage.pod.phase": "Succeeded",
            "volume.kubernetes.io/storage-provisioner": DRIVER,
        },
        "ownerReferences": [{"kind": "DataVolume", "name": name, "uid": _uuid(4, number)}],
    }
    if number % 2:
        found["spec"]["storageClassName"] = "rbd-east"
    return found


def _vm(number: int, disks: tuple[str, str]) -> dict[str, Any]:
    volumes = [{"name": disk, "persistentVolumeClaim": {"claimName": disk}} for disk in disks]
    return {
        "metadata": {"name": f"vm-{number}", "namespace": SPACE, "uid": _uuid(5, number)},
        "spec": {"runStrategy": "Always", "template": {"spec": {"volumes": volumes}}},
    }


def _timed(call: Callable[[], None]) -> tuple[float, float]:
    """Seconds, and those of the processor."""
    began, worked = time.monotonic(), time.process_time()
    call()
    return time.monotonic() - began, time.process_time() - worked
