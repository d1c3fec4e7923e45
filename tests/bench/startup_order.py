# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of many VMs: priorities, waves, dependencies; nothing is asked of a site.

The limit is Python's own sort of nothing but the dependencies, which are read already.
"""

from __future__ import annotations

import time
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import DEPENDS_ON, PRIORITY
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import start_records
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import order_start
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from demo.lab import Lab
from ocpvirt_lab import storm_plan
from ocpvirt_lab.site_client import SiteClient
from ocpvirt_lab.storm_fleet import Fleet

COUNT = 10_000
DEPENDENT = 5_000
ROUNDS = 5
GOAL = 1.0


def order(lab: Lab, _folder: Path) -> list[Result]:
    """10,000 VMs, every second one depends on its neighbour and one far away, from their objects to the waves."""
    sites = lab.environment()["sites"]
    fleet = Fleet(SiteClient(Path(sites[storm_plan.SITE]["kubeconfig"])), "bench", COUNT, critical=500)
    waves = parse_plan(storm_plan.plan_document(fleet, sites, cap=60)).startup.waves
    vms = _vms(fleet)
    needs = {vm.key: vm.depends_on for vm in start_records(vms)}
    ours, sorts = [], []
    for _round in range(ROUNDS):
        began = time.monotonic()
        ordered = order_start(start_records(vms), waves)
        ours.append(time.monotonic() - began)
        if sum(len(wave.keys) for wave in ordered.waves) != COUNT:
            raise RuntimeError("not every VM has a place")
        began = time.monotonic()
        list(TopologicalSorter(needs).static_order())
        sorts.append(time.monotonic() - began)
    mine = median(ours)
    metric = f"seconds, {COUNT:,} VMs ordered, {DEPENDENT:,} with dependencies, median of {ROUNDS}; limit: graphlib"
    return [Result("startup_order", metric, mine, None, median(sorts), mine, f"below {GOAL:.0f} s", mine < GOAL)]


def _vms(fleet: Fleet) -> dict[str, dict[str, Any]]:
    vms = {}
    for number, vm in enumerate(fleet.manifests()):
        meta = vm["metadata"]
        meta["labels"][PRIORITY] = str(1 + number % 5)
        if number % 2:
            needs = (fleet.names[number - 1], fleet.names[(number * 7919) % number // 2 * 2])
            meta["annotations"] = {**meta["annotations"], DEPENDS_ON: ", ".join(needs)}
        vms[f"{meta['namespace']}/{meta['name']}"] = vm
    return vms
