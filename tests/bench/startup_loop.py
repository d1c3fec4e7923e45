# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same VMs by tasks of kubevirt.core.kubevirt_vm with a throttle, as a playbook without us would have it.

The VMs boot at once, and each of theirs is waited for: what is compared is who starts them, both as a whole playbook.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import Planned, fleet_on, instant_boots, size
from demo.lab import Lab
from ocpvirt_lab import storm_plan
from ocpvirt_lab.storm_instant import InstantVms

COUNT = 200
CAP = 20
WALL_GOAL, PROCESSOR_GOAL = 5, 50


@dataclass(frozen=True)
class Played:
    """Of ansible-playbook with all its processes: seconds, and those of the processor."""

    seconds: float
    processor: float


def compare(lab: Lab, folder: Path) -> list[Result]:
    """200 VMs, 20 in flight, ours first."""
    count = size("LOOP_VMS", COUNT)
    with instant_boots(lab), fleet_on(lab, folder, "bench-loop", count, CAP) as planned:
        with InstantVms(planned.fleet):
            ours = _play(folder, "ours", _our_play(planned), "localhost,")
        # off again, as they were
        planned.fleet.stop()
        with InstantVms(planned.fleet, on_vm=True):
            theirs = _play(folder, "theirs", _their_play(planned), ",".join(planned.fleet.names) + ",")
    name = f"{count} VMs, {CAP} in flight; peer: kubevirt.core.kubevirt_vm with throttle"
    wall, processor = theirs.seconds / ours.seconds, theirs.processor / ours.processor
    rows = [
        ("seconds", ours.seconds, theirs.seconds, wall, WALL_GOAL, "times less"),
        ("seconds of CPU", ours.processor, theirs.processor, processor, PROCESSOR_GOAL, "times less"),
    ]
    return [
        Result("startup_loop", f"{what}, {name}", mine, peer, None, ratio, f"at least {goal} {words}", ratio >= goal)
        for what, mine, peer, ratio, goal, words in rows
    ]


def _our_play(planned: Planned) -> dict[str, Any]:
    """The whole run: what it takes to begin and to end one is a price of ours."""
    plan = str(planned.plan)
    begin = {"plan": plan, "operation": "start", "target": storm_plan.SITE}
    run_id = "{{ begun.run_id }}"
    tasks = [
        {"name": "Begin the run", "ocpvirt.dr.run": begin, "register": "begun"},
        {"name": "Start the VMs", "ocpvirt.dr.vm_startup": {"plan": plan, "run_id": run_id}},
        {"name": "End the run", "ocpvirt.dr.run": {"plan": plan, "run_id": run_id, "state": "done"}},
    ]
    return {"hosts": "localhost", "tasks": tasks}


def _their_play(planned: Planned) -> dict[str, Any]:
    """One host for each VM: a loop would start them one by one."""
    template = planned.fleet.manifests()[0]["spec"]["template"]
    start = {
        "kubeconfig": str(planned.kubeconfig),
        "namespace": planned.fleet.namespace,
        "name": "{{ inventory_hostname }}",
        "run_strategy": "Always",
        "spec": template["spec"],
        "wait": True,
        "wait_sleep": 1,
    }
    task = {"name": "Start the VM", "throttle": CAP, "kubevirt.core.kubevirt_vm": start}
    return {"hosts": "all", "strategy": "free", "tasks": [task]}


def _play(folder: Path, name: str, play: dict[str, Any], inventory: str) -> Played:
    playbook = folder / f"{name}.yml"
    usual = {"connection": "local", "gather_facts": False}
    python = {"vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    playbook.write_text(yaml.safe_dump([{**usual, **python, **play}]))
    log = folder / f"{name}.log"
    began = time.monotonic()
    with log.open("w") as file:
        process = subprocess.Popen(
            ["ansible-playbook", "-i", inventory, "-f", str(CAP), str(playbook)],
            env={**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        _pid, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"the playbook failed: {log.read_text()[-2000:]}")
    return Played(time.monotonic() - began, usage.ru_utime + usage.ru_stime)
