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
ATTEMPTS = 3
ABORTED = (-6, -11, 134, 139)
# the same name gives the same image, so that nobody has to keep which image is whose
NAMES = uuid.UUID("9d5c2a34-6f0e-4f5b-8a53-6d0b7b6f1c11")
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

# In the Python that has Ceph's bindings: one process for all images, where `rbd` takes a third of a second for each.
CONNECT = """
import json
from concurrent.futures import ThreadPoolExecutor
import rados, rbd
cluster = rados.Rados(conffile="")
cluster.connect()
context = cluster.open_ioctx({pool!r})
images = {{item["id"]: item["name"] for item in rbd.RBD().list2(context)}}
primary = {{images[key]: info["primary"] for key, info in rbd.RBD().mirror_image_info_list(context)}}
"""
# a mirror snapshot of each primary: its id, and its moment in seconds
TAKE = (
    CONNECT
    + """
def take(name):
    with rbd.Image(context, name) as image:
        number = image.mirror_image_create_snapshot()
        return name, [number, int(image.get_snap_timestamp(number).timestamp())]

with ThreadPoolExecutor(8) as pool:
    print(json.dumps(dict(pool.map(take, [name for name in primary if primary[name]]))))
"""
)
# of each copy: the primary's snapshots that are wholly here, and the moment that rbd-mirror tells of it
SHOW = (
    CONNECT
    + """
def complete(name):
    with rbd.Image(context, name, read_only=True) as image:
        copies = [item["mirror"] for item in image.list_snaps() if item.get("mirror")]
    return [item["primary_snap_id"] for item in copies if item["complete"]]

def told(description):
    try:
        return json.loads(description.partition(", ")[2])["local_snapshot_timestamp"]
    except (ValueError, KeyError):
        return 0

says = {{item["name"]: told(item["description"]) for item in rbd.RBD().mirror_image_status_list(context)}}
copies = [name for name in primary if not primary[name] and name in says]
print(json.dumps({{name: {{"complete": complete(name), "told": says[name]}} for name in copies}}))
"""
)


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
        """By a mirror snapshot of every image, now, as the schedule would take a minute; until west tells it too.

        rbd-mirror tells up to half a minute later of when the data is that it has: what is said of a loss before that
        is older than what has arrived.
        """
        east, west = sites["east"]["ceph"], sites["west"]["ceph"]
        asked = ask(east, TAKE)

        def behind() -> list[str]:
            known = ask(west, SHOW)
            return [name for name, taken in asked.items() if not _has(known.get(name), *taken)]

        wait_until("replication", 180, behind)


def _has(known: dict[str, Any] | None, snapshot: int, moment: int) -> bool:
    """Whether a copy is complete up to the primary's snapshot, and is said to be of its moment or a later one."""
    return known is not None and max(known["complete"], default=0) >= snapshot and known["told"] >= moment


def _uuid(volume: str) -> uuid.UUID:
    return uuid.uuid5(NAMES, volume)


def _image(volume: str) -> str:
    return f"csi-vol-{_uuid(volume)}"


def _handle(ceph: dict[str, Any], unique: str) -> str:
    return f"0001-{len(ceph['fsid']):04x}-{ceph['fsid']}-{ceph['pool_id']:016x}-{unique}"


def _any(sites: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Of what is the same at both sites."""
    return sites["east"]["ceph"]


def ask(ceph: dict[str, Any], script: str, **values: str) -> dict[str, Any]:
    """values: what the script names beside the pool.

    Again, where librbd 16.2 aborts or crashes, as it does at times when an image's mirror snapshots change under it.
    """
    words = [*ceph["command"], "/usr/bin/python3", "-"]
    for _attempt in range(ATTEMPTS):
        text = script.format(pool=ceph["pool"], **values)
        done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        if done.returncode not in ABORTED:
            break
    if done.returncode:
        raise RuntimeError(f"{words[0]}: exit code {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def _rbd(ceph: dict[str, Any], *words: str) -> str:
    command = [*ceph["command"], "rbd", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout
