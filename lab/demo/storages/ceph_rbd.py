"""An RBD image per volume in the site's Ceph cluster, as ceph-csi makes it; snapshots mirror it to the other site."""

from __future__ import annotations

import json
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from demo.cluster import Object, wait_until

GROUP = "payroll"
SIZE = "1G"
FEATURES = "layering,exclusive-lock,object-map,fast-diff,deep-flatten"
SCHEDULE = "1m"
TIMEOUT = 60
RUNNING_COMMANDS = 4
# the same name gives the same image, so that nobody has to keep which image is whose
NAMES = uuid.UUID("9d5c2a34-6f0e-4f5b-8a53-6d0b7b6f1c11")
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class CephRbdStorage:
    volume_mode = "Block"
    lab_options = ("--storage", "ceph")

    def provision(self, site: dict[str, Any], peer: dict[str, Any], volumes: list[str]) -> None:
        """Mirroring of the images is enabled by `protect`."""
        ceph = site["ceph"]

        def create(volume: str) -> None:
            _rbd(ceph, "create", f"{ceph['pool']}/{_image(volume)}", "--size", SIZE, "--image-feature", FEATURES)

        with ThreadPoolExecutor(RUNNING_COMMANDS) as pool:
            list(pool.map(create, volumes))

    def storage_class(self, site: dict[str, Any]) -> str:
        return site["ceph"]["storage_class"]

    def source(self, site: dict[str, Any], volume: str) -> Object:
        ceph = site["ceph"]
        return {
            "csi": {
                "driver": ceph["driver"],
                "volumeHandle": _handle(ceph, str(_uuid(volume))),
                "volumeAttributes": {
                    "clusterID": ceph["fsid"],
                    "pool": ceph["pool"],
                    "journalPool": ceph["pool"],
                    "imageName": _image(volume),
                    "imageFeatures": FEATURES,
                    "storage.kubernetes.io/csiProvisionerIdentity": f"1700000000000-8081-{ceph['driver']}",
                },
            }
        }

    def address(self, site: dict[str, Any]) -> str:
        return site["ceph"]["fsid"]

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        return {
            "provider": "ceph_rbd",
            "max_lag": "5m",
            "groups": [{"name": GROUP, "selector": {}}],
            "options": {
                "pool": _any(sites)["pool"],
                "mode": "snapshot",
                "schedule": SCHEDULE,
                "sites": {name: {"command": site["ceph"]["command"]} for name, site in sites.items()},
            },
        }

    def volume_rules(self, sites: dict[str, dict[str, Any]]) -> list[Object]:
        every = [site["ceph"] for site in sites.values()]
        return [
            {
                "match": {
                    "csi": {
                        "driver": _any(sites)["driver"],
                        "volumeHandle": f"0001-.*-(?P<uuid>{UUID})",
                        "volumeAttributes": {"clusterID": [ceph["fsid"] for ceph in every]},
                    }
                },
                "set": {
                    name: {
                        "csi.volumeHandle": _handle(site["ceph"], "{match.uuid}"),
                        "csi.volumeAttributes.clusterID": site["ceph"]["fsid"],
                        "storageClassName": self.storage_class(site),
                    }
                    for name, site in sites.items()
                },
            }
        ]

    def await_replicated(self, sites: dict[str, dict[str, Any]]) -> None:
        """By a mirror snapshot of every image, now: the schedule would take a minute."""
        east, west = sites["east"]["ceph"], sites["west"]["ceph"]
        images = [name for name in _mirrored(east) if _is_primary(east, name)]
        with ThreadPoolExecutor(RUNNING_COMMANDS) as pool:
            asked = dict(zip(images, pool.map(lambda image: _snapshot(east, image), images), strict=True))

        def missing() -> list[str]:
            there = set(_mirrored(west))
            behind = [name for name, snapshot in asked.items() if name not in there or _arrived(west, name) < snapshot]
            for image in set(asked) - set(behind):
                del asked[image]
            return behind

        wait_until("replication", 180, missing)


def _uuid(volume: str) -> uuid.UUID:
    return uuid.uuid5(NAMES, volume)


def _image(volume: str) -> str:
    return f"csi-vol-{_uuid(volume)}"


def _handle(ceph: dict[str, Any], unique: str) -> str:
    return f"0001-{len(ceph['fsid']):04x}-{ceph['fsid']}-{ceph['pool_id']:016x}-{unique}"


def _any(sites: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Of what is the same at both sites."""
    return sites["east"]["ceph"]


def _mirrored(ceph: dict[str, Any]) -> list[str]:
    status = _rbd(ceph, "mirror", "pool", "status", ceph["pool"], "--verbose", "--format", "json")
    return [image["name"] for image in json.loads(status)["images"]]


def _is_primary(ceph: dict[str, Any], image: str) -> bool:
    """Whether the image is primary here."""
    info = json.loads(_rbd(ceph, "info", f"{ceph['pool']}/{image}", "--format", "json"))
    return bool(info.get("mirroring", {}).get("primary"))


def _snapshot(ceph: dict[str, Any], image: str) -> int:
    """Take a mirror snapshot; gives its id."""
    answer = _rbd(ceph, "mirror", "image", "snapshot", f"{ceph['pool']}/{image}")
    return int(answer.removeprefix("Snapshot ID:"))


def _arrived(ceph: dict[str, Any], image: str) -> int:
    """Id of the primary's newest snapshot that is wholly here. The image's status tells it up to 30 s later."""
    snapshots = json.loads(_rbd(ceph, "snap", "ls", "--all", f"{ceph['pool']}/{image}", "--format", "json"))
    spaces = [snapshot["namespace"] for snapshot in snapshots]
    return max((space.get("primary_snap_id", 0) for space in spaces if space.get("complete")), default=0)


def _rbd(ceph: dict[str, Any], *words: str) -> str:
    command = [*ceph["command"], "rbd", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout
