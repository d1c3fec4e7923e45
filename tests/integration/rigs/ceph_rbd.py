# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RBD images of the lab's two Ceph clusters. Only their PVs are stand-ins: no API server has them."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.provider import CephRbdProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of
from demo.cluster import wait_until
from demo.lab import Lab

Snapshot = Mapping[str, Any]

SITES = ("east", "west")
FEATURES = "layering,exclusive-lock,object-map,fast-diff,deep-flatten"
TIMEOUT = 120
ARRIVED_WITHIN = 120
CRASHES_FOR = 30
SYNC_POINT = ".rbd-mirror."
# a text at the beginning of an image, in the Python that has Ceph's bindings
WRITE = """
import rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
with rbd.Image(cluster.open_ioctx({pool!r}), {image!r}) as image:
    image.write({text!r}.encode().ljust(4096, b"\\0"), {offset})
    image.flush()
"""
READ = """
import rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
with rbd.Image(cluster.open_ioctx({pool!r}), {image!r}, read_only=True) as image:
    print(image.read({offset}, 4096).rstrip(b"\\0").decode())
"""


FILL = """
import os, rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
with rbd.Image(cluster.open_ioctx({pool!r}), {image!r}) as image:
    for start in range(1, {size}):
        image.write(os.urandom(1 << 20), start << 20)
    image.flush()
"""


class CephRbdRig:
    """A group of images; texts are written to all of them."""

    server = "ceph-mon"

    def __init__(self, lab: Lab, images: int = 2, mode: str = "snapshot", size: int = 16) -> None:
        """size: MiB of each."""
        self.lab = lab
        self.mode = mode
        self.ceph: dict[str, dict[str, Any]] = {name: site["ceph"] for name, site in lab.environment()["sites"].items()}
        assert all(self.ceph.values()), "the lab has no Ceph: lab/lab up --storage ceph"
        self.pool = self.ceph["east"]["pool"]
        self.images = [f"csi-vol-{uuid.uuid4()}" for _number in range(images)]
        # of the last text
        self._offset = 0
        self.group = self.group_with()
        with ExitStack() as cut_off:
            cut_off.callback(self.remove)
            for image in self.images:
                self.rbd("east", "create", f"{self.pool}/{image}", "--size", f"{size}M", "--image-feature", FEATURES)
            cut_off.pop_all()

    def group_with(self, sites: dict[str, dict[str, Any]] | None = None, **options: Any) -> Group:
        more = sites or {}
        of_sites = {name: {"command": self.ceph[name]["command"], **more.get(name, {})} for name in SITES}
        return Group("contract", LabelSelector(), options={"mode": self.mode, **options, "sites": of_sites})

    @property
    def provider(self) -> CephRbdProvider:
        return self.provider_of(*self.images)

    def provider_of(self, *images: str, silent: tuple[str, ...] = ()) -> CephRbdProvider:
        """silent: sites whose API server gives no answer."""
        plan = plan_of()

        def handle(site: str) -> SiteHandle:
            def open_api() -> Api:
                if site in silent:
                    raise Unreachable("connect", site=site, seen="no answer")
                api = MemoryApi(site)
                for image in images:
                    _add_volume(api, plan.name, plan.namespaces[0], self.pool, image)
                return api

            return SiteHandle(site, plan, open_api)

        return CephRbdProvider({site: handle(site) for site in SITES})

    def write(self, site: str, text: str, offset: int = 0) -> None:
        self._offset = offset
        for image in self.images:
            self.write_image(site, image, text, offset)

    def write_image(self, site: str, image: str, text: str, offset: int = 0) -> None:
        self.python(site, WRITE.format(pool=self.pool, image=image, text=text, offset=offset))

    def read(self, site: str, offset: int = 0) -> str:
        return ", ".join(sorted({self.read_image(site, image, offset) for image in self.images}))

    def read_image(self, site: str, image: str, offset: int = 0) -> str:
        return self.python(site, READ.format(pool=self.pool, image=image, offset=offset))

    def fill(self, site: str, size: int) -> None:
        """So many MiB, beside the text."""
        for image in self.images:
            self.python(site, FILL.format(pool=self.pool, image=image, size=size))

    def is_syncing(self, site: str) -> bool:
        """Whether a copy that is not complete is there: of the newest snapshot of any of the images, or a first one."""
        return any(self._is_syncing(site, image) for image in self.images)

    def syncing(self, site: str) -> list[str]:
        """Images whose newest snapshot has not wholly arrived there."""
        with ThreadPoolExecutor(len(self.images)) as pool:
            found = pool.map(lambda image: self._is_syncing(site, image), self.images)
        return list(itertools.compress(self.images, found))

    def _is_syncing(self, site: str, image: str) -> bool:
        listed = self._snapshots(site, image)
        # in journal mode it is of a snapshot that goes with its end
        first = any(item["name"].startswith(SYNC_POINT) for item in listed)
        return first or (bool(listed) and listed[-1]["namespace"].get("complete") is False)

    def is_copying(self) -> bool:
        """Whether rbd-mirror is at work on a mirror snapshot of any image, in either direction."""
        return any(is_copied(*(self._snapshots(site, image) for site in SITES)) for image in self.images)

    def _snapshots(self, site: str, image: str) -> list[dict[str, Any]]:
        listed = self.rbd(site, "snap", "ls", "--all", "--format", "json", f"{self.pool}/{image}")
        found: list[dict[str, Any]] = json.loads(listed)
        return found

    def snapshot(self, site: str) -> None:
        with ThreadPoolExecutor(len(self.images)) as pool:
            list(
                pool.map(
                    lambda image: self.rbd(site, "mirror", "image", "snapshot", f"{self.pool}/{image}"), self.images
                )
            )

    def await_arrived(self, site: str) -> None:
        """The last text, and the whole snapshot that has it."""
        primary = next(name for name in SITES if name != site)
        if self.mode == "snapshot":
            self.snapshot(primary)
        texts = self.read(primary, self._offset)

        def other() -> list[str]:
            if any(image not in self.names(site) for image in self.images):
                return ["images are missing"]
            found = self.read(site, self._offset)
            return [found] if found != texts else ["a sync"] if self.is_syncing(site) else []

        wait_until(f"{texts} at {site}", ARRIVED_WITHIN, other)

    def cut(self) -> None:
        self.lab.run("partition")

    def join(self) -> None:
        self.lab.run("heal")

    def without_answer(self, site: str) -> tuple[CephRbdProvider, Group]:
        return self.provider, self.group_with({site: {"command": ["sh", "-c", "sleep 600"]}})

    def impatient(self) -> tuple[CephRbdProvider, Group]:
        return self.provider, self.group_with(timeout="5s")

    def remove(self) -> None:
        # without a primary to follow, rbd-mirror does not make it again
        for words in (("mirror", "image", "disable", "--force"), ("rm",)):
            with ExitStack() as ends:
                for site, image in itertools.product(reversed(SITES), reversed(self.images)):
                    ends.callback(self._try, site, "rbd", *words, f"{self.pool}/{image}")

    def names(self, site: str) -> list[str]:
        return json.loads(self.rbd(site, "ls", self.pool, "--format", "json"))

    def rbd(self, site: str, *words: str) -> str:
        return self.run(site, "rbd", *words)

    def run(self, site: str, *words: str) -> str:
        command = [*self.ceph[site]["command"], *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        assert done.returncode == 0, f"{site}: {' '.join(words)}: {done.stderr}"
        return done.stdout

    def _try(self, site: str, *words: str) -> None:
        subprocess.run([*self.ceph[site]["command"], *words], capture_output=True, timeout=TIMEOUT, check=False)

    def python(self, site: str, text: str, seconds: int = TIMEOUT) -> str:
        """Again, where librbd 16.2 crashes, as it does at times while an image's mirror snapshots change under it."""
        words = [*self.ceph[site]["command"], "/usr/bin/python3", "-"]
        until = time.monotonic() + CRASHES_FOR
        while True:
            done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=seconds, check=False)
            if not _was_crash(done.returncode) or time.monotonic() > until:
                break
        assert done.returncode == 0, f"{site}: {text}: {done.stderr} (exit code {done.returncode})"
        return done.stdout.strip()


def is_copied(one: Sequence[Snapshot], other: Sequence[Snapshot]) -> bool:
    """Of an image's snapshots at both sites, whichever has the copy: whether rbd-mirror is at work on one of them."""
    here, there = _mirror_snapshots(one), _mirror_snapshots(other)
    if any(not snapshot["complete"] for listed in (here, there) for snapshot in listed[-1:]):
        return True
    return _is_behind(here, there) or _is_behind(there, here)


def _mirror_snapshots(listed: Sequence[Snapshot]) -> list[Snapshot]:
    return [{"id": item["id"], **item["namespace"]} for item in listed if item["namespace"]["type"] == "mirror"]


def _is_behind(primary: Sequence[Snapshot], copy: Sequence[Snapshot]) -> bool:
    """The copy has not the newest snapshot, or one before it is kept too; those of earlier roles do not count."""
    if not (primary and copy) or (primary[-1]["state"], copy[-1]["state"]) != ("primary", "non-primary"):
        return False
    since = itertools.takewhile(lambda snapshot: snapshot["state"] == "primary", reversed(primary))
    needed = [snapshot["id"] for snapshot in since if snapshot["mirror_peer_uuids"]]
    return needed != [copy[-1]["primary_snap_id"]]


def _was_crash(returncode: int) -> bool:
    """By a signal, of the program or of the one that a shell has started."""
    return returncode < 0 or returncode > 128


def _add_volume(api: MemoryApi, plan: str, namespace: str, pool: str, image: str) -> None:
    csi = {"driver": "rbd.csi.ceph.com", "volumeHandle": image, "volumeAttributes": {"pool": pool, "imageName": image}}
    api.create(PV, {"metadata": {"name": image}, "spec": {"csi": csi}})
    metadata = {"name": image, "namespace": namespace, "labels": {protected_label(plan): "true"}}
    api.create(PVC, {"metadata": metadata, "spec": {"volumeName": image}})
