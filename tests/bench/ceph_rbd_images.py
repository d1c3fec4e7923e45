# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many RBD images of the lab's two Ceph clusters, promoted by us, by Ceph's command for a whole pool and by Ceph alone.

Ceph's own switch of many images is its command, the peer: `rbd mirror pool promote`, which reads nothing and promotes
ten at once. The limit is what Ceph can do beyond its command: its bindings in processes that are connected already
read every image at both sites, as Ceph promotes at both where both are demoted, and then promote, as many at once as
Ceph took quickest.
"""

from __future__ import annotations

import copy
import itertools
import json
import statistics
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.groups import Groups
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import open_site
from ansible_collections.ocpvirt.dr.tests.bench.promotion import begun, promoted
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import size
from demo.cluster import wait_until
from demo.lab import Lab
from demo.storages import STORAGES

IMAGES = 500
# an even number: each is first and last as often, and at either site
ROUNDS = 2
GOAL = 1.1
# tried by Ceph alone before the rounds; also an even number
AT_ONCE = (128, 256)
OTHERS_AT_ONCE = 16
OURS, COMMAND, ALONE = "ours", "rbd mirror pool promote", "Ceph alone"
TURNS = (OURS, COMMAND, ALONE)
SITES = ("east", "west")
SPACE = "bench"
WHOLE = "bench-ceph"
SIZE = 1 << 30
# layering, exclusive-lock, object-map, fast-diff, deep-flatten
FEATURES = 61
SCRIPT_WITHIN = 600
FOLLOWS_WITHIN = 900
# one verb on every image, and the seconds that it took once all was connected
SCRIPT = """
import json, signal, time
from concurrent.futures import ThreadPoolExecutor
import rados, rbd
signal.alarm({seconds})
cluster = rados.Rados(conffile="")
cluster.connect()
context = cluster.open_ioctx({pool!r})
NOT_YET = (16, 30)

def create(name):
    rbd.RBD().create(context, name, {size}, features={features})

def remove(name):
    try:
        rbd.RBD().remove(context, name)
    except rbd.ImageNotFound:
        pass

def promote(name):
    try:
        with rbd.Image(context, name) as image:
            image.mirror_image_promote(False)
    except rbd.OSError as error:
        if error.errno not in NOT_YET:
            raise
        return name

def read(name):
    with rbd.Image(context, name, read_only=True) as image:
        image.mirror_image_get_info()
        list(image.list_snaps())

left = json.loads({images!r})
began = time.monotonic()
with ThreadPoolExecutor({at_once}) as pool:
    while left:
        # those that are refused for now come again when all others had their turn, so that none holds up a thread
        left = [name for name in pool.map({verb}, left) if name]
        if left:
            time.sleep(0.1)
print(time.monotonic() - began)
"""


class Images:
    """Images that are mirrored from east to west, each a group of its own in the plan of a round."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._folder = folder
        self._storage = STORAGES["ceph_rbd"]
        self.sites: dict[str, Any] = lab.environment()["sites"]
        self.count = size("CEPH_IMAGES", IMAGES)
        self._volumes = [f"bench-{number}" for number in range(self.count)]
        self._names = [self._source("east", volume)["csi"]["volumeAttributes"]["imageName"] for volume in self._volumes]
        self._plans = [WHOLE, *(f"{WHOLE}-{number}" for number in range(size("CEPH_ROUNDS", ROUNDS)))]
        plan = parse_plan(self._document(WHOLE, [{"name": "all", "selector": {}}]))
        self._apis = {site: open_site(plan, site) for site in SITES}
        self._groups, self._all = Groups(plan), plan.groups[0]

    def mirrored(self) -> None:
        self._each("east", "create")
        for site in SITES:
            self._claim(site)
        self._groups.provider(self._all).enable(self._all, "east", "west")

    def demoted(self, source: str, target: str) -> None:
        """And wholly at the target, which has to follow before."""
        provider = self._groups.provider(self._all)
        wait_until(f"{target} to follow {source}", FOLLOWS_WITHIN, lambda: self._not_healthy(target))
        provider.demote(self._all, source)
        if not provider.final_sync(self._all, source, target).holds:
            raise RuntimeError(f"{target} has not all of {source}'s data")

    def promoted_by_us(self, target: str, number: int) -> float:
        """Seconds of the module."""
        name = f"{WHOLE}-{number}"
        groups = [{"name": volume, "selector": {"matchLabels": {"volume": volume}}} for volume in self._volumes]
        document = self._document(name, groups)
        file = self._folder / f"{name}.yml"
        file.write_text(yaml.safe_dump(document))
        return promoted(file, begun(parse_plan(document), target), self.count, target).seconds

    def promoted_by_command(self, target: str) -> float:
        """Seconds. It goes on with the next image where one is refused for now, and passes over what is primary."""
        ceph = self.sites[target]["ceph"]
        words = [*ceph["command"], "rbd", "mirror", "pool", "promote", ceph["pool"]]
        began = time.monotonic()
        while (done := self._run(words)).returncode:
            if time.monotonic() - began > SCRIPT_WITHIN:
                raise RuntimeError(f"{target}: {COMMAND}: exit status {done.returncode}: {done.stderr.strip()}")
        seconds = time.monotonic() - began
        seen = self._groups.provider(self._all).observe(self._all, target)
        if seen.role != "primary":
            raise RuntimeError(f"{target}: {COMMAND} left the images {seen.role}: {seen.message}")
        return seconds

    def promoted_by_ceph(self, target: str, at_once: int) -> tuple[float, float]:
        """Seconds in which both sites were read, and then in which it was promoted."""
        with ThreadPoolExecutor(len(SITES)) as pool:
            read = max(pool.map(lambda site: self._each(site, "read"), SITES))
        return read, self._each(target, "promote", at_once)

    def remove(self) -> None:
        for site in SITES:
            self._groups.provider(self._all).disable(self._all, site)
        for site in SITES:
            self._each(site, "remove")
            for volume in self._volumes:
                self._apis[site].delete(PVC, volume, SPACE)
                self._apis[site].delete(PV, volume)

    def _not_healthy(self, site: str) -> list[str]:
        seen = self._groups.provider(self._all).observe(self._all, site)
        return [] if seen.health == "healthy" else [f"{seen.health}: {seen.message}"]

    def _each(self, site: str, verb: str, at_once: int = OTHERS_AT_ONCE) -> float:
        ceph = self.sites[site]["ceph"]
        script = SCRIPT.format(
            seconds=SCRIPT_WITHIN,
            pool=ceph["pool"],
            size=SIZE,
            features=FEATURES,
            at_once=at_once,
            verb=verb,
            images=json.dumps(self._names),
        )
        words = [*ceph["command"], "/usr/bin/python3", "-"]
        done = self._run(words, script)
        if done.returncode:
            raise RuntimeError(f"{site}: {verb}: exit status {done.returncode}: {done.stderr.strip()}")
        return float(done.stdout)

    def _run(self, words: list[str], script: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, input=script, capture_output=True, text=True, timeout=SCRIPT_WITHIN, check=False)

    def _document(self, name: str, groups: list[dict[str, Any]]) -> dict[str, Any]:
        replication = copy.deepcopy(self._storage.replication(self.sites))
        # a mirror snapshot in the middle would be measured too
        del replication["options"]["schedule"]
        return {
            "name": name,
            "home": "east",
            "sites": {site: {"kubeconfig": facts["kubeconfig"]} for site, facts in self.sites.items()},
            "protect": {"namespaces": [SPACE], "selector": {}},
            "replication": {**replication, "groups": groups},
        }

    def _source(self, site: str, volume: str) -> dict[str, Any]:
        return self._storage.source(self.sites[site], volume)

    def _claim(self, site: str) -> None:
        api = self._apis[site]
        try:
            api.create(NAMESPACE, {"metadata": {"name": SPACE}})
        except Conflict:
            # of a benchmark before this one
            api.get(NAMESPACE, SPACE)
        with ThreadPoolExecutor(OTHERS_AT_ONCE) as pool:
            list(pool.map(partial(self._claim_one, site), self._volumes))

    def _claim_one(self, site: str, volume: str) -> None:
        capacity = {"storage": "1Gi"}
        spec = {
            "accessModes": ["ReadWriteMany"],
            "volumeMode": self._storage.volume_mode,
            "storageClassName": self._storage.storage_class(self.sites[site]),
        }
        reference = {"namespace": SPACE, "name": volume}
        pv = {"capacity": capacity, "claimRef": reference, "persistentVolumeReclaimPolicy": "Retain"}
        self._apis[site].create(
            PV, {"metadata": {"name": volume}, "spec": {**spec, **pv, **self._source(site, volume)}}
        )
        labels = {"volume": volume, **{protected_label(plan): "true" for plan in self._plans}}
        pvc = {"resources": {"requests": capacity}, "volumeName": volume}
        self._apis[site].create(PVC, {"metadata": {**reference, "labels": labels}, "spec": {**spec, **pvc}})


def promote(lab: Lab, folder: Path) -> list[Result]:
    """In turns, to and fro: a promotion may cost Ceph not the same at both sites, nor when it is a later one."""
    images, rounds = Images(lab, folder), size("CEPH_ROUNDS", ROUNDS)
    seconds: dict[str, list[float]] = {who: [] for who in TURNS}
    bare: list[float] = []
    ways = itertools.cycle((SITES, SITES[::-1]))
    try:
        images.mirrored()
        print(f"{images.count} images mirrored", flush=True)
        quickest = _quickest(images, ways)
        for number in range(rounds):
            for who in TURNS if number % 2 == 0 else reversed(TURNS):
                source, target = next(ways)
                images.demoted(source, target)
                if who == OURS:
                    seconds[who].append(images.promoted_by_us(target, number))
                elif who == COMMAND:
                    seconds[who].append(images.promoted_by_command(target))
                else:
                    read, promoted = images.promoted_by_ceph(target, quickest)
                    bare.append(promoted)
                    seconds[who].append(read + promoted)
                print(f"round {number + 1}: {who} at {target} {seconds[who][-1]:.1f} s", flush=True)
    finally:
        images.remove()
    mine, peer, limit = (statistics.median(seconds[who]) for who in TURNS)
    metric = (
        f"seconds, {images.count} groups of an image, median of {rounds}; peer: {COMMAND}; limit: both sites read and "
        f"{quickest} promoted at once, of which {statistics.median(bare):.2f} s promotion"
    )
    return [
        Result(
            "ceph_rbd_promote", metric, mine, peer, limit, mine / base, f"at most {GOAL} of {name}", mine <= GOAL * base
        )
        for name, base in ((COMMAND, peer), (ALONE, limit))
    ]


def _quickest(images: Images, ways: Iterator[tuple[str, str]]) -> int:
    """Of the numbers at once that are tried."""
    seconds = {}
    for at_once in AT_ONCE:
        source, target = next(ways)
        images.demoted(source, target)
        _read, seconds[at_once] = images.promoted_by_ceph(target, at_once)
        print(f"tried: {ALONE} at {target}, {at_once} at once, {seconds[at_once]:.1f} s", flush=True)
    return min(seconds, key=seconds.__getitem__)
