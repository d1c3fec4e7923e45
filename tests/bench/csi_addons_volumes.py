# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many volumes that csi-addons replicates, promoted by us and by the product alone.

Its sidecar reads a Secret before each call of the driver, at 5 a second, and a promotion takes three calls. So that is
what both are limited by: 0.6 s for each volume, less a burst of 10 calls.
"""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api, Object
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    VOLUME_REPLICATION,
    VOLUME_REPLICATION_CLASS,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.tests.bench.promotion import begun, promoted
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import size
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SITES, SPACE
from ansible_collections.ocpvirt.dr.tests.integration.rigs.csi_addons import CsiAddonsRig
from demo.cluster import wait_until
from demo.lab import Lab

# each takes the same of the sidecar's time; 500 take an hour
VOLUMES = 100
CALLS_A_SECOND = 5
CLASS = "bench"
# the manager asks for the sync time of each primary that often; seldom, so that it has the calls for the promotion
INTERVAL = "1h"
WRITERS = 16
SWITCHED_WITHIN = 900
GOAL = 1.1


class Volumes:
    """Volumes that are secondary and in sync at both sites, each a group of its own."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._folder = folder
        self.rig = CsiAddonsRig(lab, volumes=size("CSI_VOLUMES", VOLUMES))
        self._provider, self._group = self.rig.provider_with(of_each_site={"class": CLASS}, timeout="15m")

    def demoted(self) -> None:
        for site in SITES:
            self._make_class(site)
        self._provider.enable(self._group, "east", "west")
        self._provider.demote(self._group, "east")
        self._provider.final_sync(self._group, "east", "west")
        self._await_silence()

    def taken_back(self) -> None:
        self._provider.demote(self._group, "west")
        self._provider.final_sync(self._group, "west", "east")
        self._await_silence()

    def promoted_by_us(self, name: str) -> float:
        """Seconds of the module."""
        document = {**self.rig.document(of_each_site={"class": CLASS}, timeout="15m")}
        groups = [{"name": item, "selector": {"matchLabels": {"volume": item}}} for item in self.rig.volumes]
        document["replication"] = {**document["replication"], "groups": groups}
        file = self._folder / f"{name}.yml"
        file.write_text(yaml.safe_dump(document))
        return promoted(file, begun(parse_plan(document)), len(self.rig.volumes)).seconds

    def promoted_by_hand(self) -> float:
        """Seconds until the product has done what it was asked for at once, with nothing of ours at work."""
        api = self.rig.apis["west"]

        def ask(name: str) -> Any:
            return api.patch(VOLUME_REPLICATION, name, SPACE, {"spec": {"replicationState": "primary"}})

        began = time.monotonic()
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(ask, self.rig.volumes))
        wait_until("each volume to be primary", SWITCHED_WITHIN, lambda: _others(api, "Primary"))
        return time.monotonic() - began

    def remove(self) -> None:
        self.rig.remove()
        for site in SITES:
            self.rig.apis[site].delete(VOLUME_REPLICATION_CLASS, CLASS)

    def _await_silence(self) -> None:
        """The manager looks at a secondary twice a minute until both sides hold the same."""
        for site in SITES:
            api = self.rig.apis[site]
            wait_until(f"each volume in sync at {site}", SWITCHED_WITHIN, lambda api=api: _others(api, "Secondary"))  # type: ignore[misc]

    def _make_class(self, site: str) -> None:
        api = self.rig.apis[site]
        spec = api.get(VOLUME_REPLICATION_CLASS, self.rig.sites[site]["csi_addons"]["volume_replication_class"])["spec"]
        parameters = {**spec["parameters"], "schedulingInterval": INTERVAL}
        kind = VOLUME_REPLICATION_CLASS
        body: Object = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": CLASS}}
        api.create(kind, {**body, "spec": {**spec, "parameters": parameters}})


def promote(lab: Lab, folder: Path) -> list[Result]:
    """Ours between two times the product alone: what changes on the machine meanwhile touches both."""
    volumes = Volumes(lab, folder)
    try:
        volumes.demoted()
        before = volumes.promoted_by_hand()
        volumes.taken_back()
        ours = volumes.promoted_by_us("bench-csi-addons")
        volumes.taken_back()
        after = volumes.promoted_by_hand()
    finally:
        volumes.remove()
    alone = statistics.mean([before, after])
    metric = f"seconds, {len(volumes.rig.volumes)} groups of a volume; the sidecar at {CALLS_A_SECOND} calls a second"
    goal = f"at most {GOAL} of the product alone"
    return [Result("csi_addons_promote", metric, ours, None, alone, ours / alone, goal, ours <= GOAL * alone)]


def _others(api: Api, state: str) -> list[str]:
    """Volumes that have not settled in the state: a secondary has, as soon as it is no longer degraded."""
    return [item["metadata"]["name"] for item in api.list(VOLUME_REPLICATION, SPACE) if not _settled(item, state)]


def _settled(item: Object, state: str) -> bool:
    status = item.get("status", {})
    degraded = {entry["status"] for entry in status.get("conditions", []) if entry["type"] == "Degraded"}
    seen = (status.get("state"), status.get("observedGeneration"), degraded)
    return seen == (state, item["metadata"]["generation"], {"False"})
