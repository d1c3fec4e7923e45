# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forecast of a large start: pure functions over the lists of a target, no API server.

Every VM has a size of its own, so that none is placed like the one before it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.boot_times import ASSUMED
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.duration import Course, Limits
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.node_placement import Unit
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.node_rooms import node_rooms
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.pod_needs import VmDefaults, vm_need
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.result import Target, forecast
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartWave
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from demo.lab import Lab

VMS, NODES = 10_000, 500
ROUNDS = 5
GOAL = 1.0


def foresee(_lab: Lab, _folder: Path) -> list[Result]:
    """From manifests to the forecast."""
    vms = {f"bench/vm-{number}": _vm(number) for number in range(VMS)}
    nodes = [_node(number) for number in range(NODES)]
    keys = tuple(vms)
    waves = [StartWave("databases", keys[: VMS // 5]), StartWave("rest", keys[VMS // 5 :])]

    def once() -> tuple[float, float]:
        began, worked = time.monotonic(), time.process_time()
        units = [Unit(key, vm_need(vm, None, VmDefaults()).requests) for key, vm in vms.items()]
        forecast(Course(waves), units, Limits(400, 600.0, 300), ASSUMED, Target("west", node_rooms(nodes, [], [], [])))
        return time.monotonic() - began, time.process_time() - worked

    median, processor = sorted(once() for _round in range(ROUNDS))[ROUNDS // 2]
    metric = f"seconds, {VMS:,} VMs on {NODES} nodes, median of {ROUNDS}; limit: the processor time of that round"
    return [
        Result("start_forecast", metric, median, None, processor, median, f"below {GOAL:.0f} s", median < GOAL),
    ]


def _vm(number: int) -> dict[str, Any]:
    domain = {"cpu": {"cores": number % 8 + 1}, "devices": {}, "memory": {"guest": f"{2048 + number}Mi"}}
    spec = {"domain": domain, "volumes": []}
    return {"metadata": {"name": f"vm-{number}", "namespace": "bench"}, "spec": {"template": {"spec": spec}}}


def _node(number: int) -> dict[str, Any]:
    allocatable = {"cpu": "95500m", "memory": "503Gi", "pods": "500", "devices.kubevirt.io/kvm": "1k"}
    return {
        "metadata": {"name": f"node-{number}", "labels": {"kubevirt.io/schedulable": "true"}},
        "spec": {},
        "status": {"allocatable": allocatable, "conditions": [{"type": "Ready", "status": "True"}]},
    }
