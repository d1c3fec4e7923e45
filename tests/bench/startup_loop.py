# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same VMs by a loop of kubevirt.core, and by a client that only asks for them, which is the limit.

The VMs boot at once: what is compared is who starts them, ours and the loop as a whole playbook.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.bench.bare_start import started_bare
from ansible_collections.ocpvirt.dr.tests.bench.kubevirt_loop import started_by_loop
from ansible_collections.ocpvirt.dr.tests.bench.playbook_process import play
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import Planned, fleet_on, instant_boots, size
from demo.lab import Lab
from ocpvirt_lab import storm_plan
from ocpvirt_lab.storm_instant import InstantVms

COUNT = 200
CAP = 20
WALL_GOAL, PROCESSOR_GOAL = 5, 50


def compare(lab: Lab, folder: Path) -> list[Result]:
    """200 VMs, 20 in flight, ours first."""
    count = size("LOOP_VMS", COUNT)
    with instant_boots(lab), fleet_on(lab, folder, "bench-loop", count, CAP) as planned:
        with InstantVms(planned.fleet):
            ours = play(folder, "ours", _our_play(planned), ["localhost"], CAP)
        # off again, as they were
        planned.fleet.stop()
        bare = started_bare(planned)
        planned.fleet.stop()
        theirs = started_by_loop(planned, folder, CAP)
    name = f"{count} VMs, {CAP} in flight; peer: kubevirt.core.kubevirt_vm with throttle; limit: bare requests, no cap"
    wall, processor = theirs.seconds / ours.seconds, theirs.processor / ours.processor
    rows = [
        ("seconds", ours.seconds, theirs.seconds, bare.seconds, wall, WALL_GOAL),
        ("seconds of CPU", ours.processor, theirs.processor, bare.processor, processor, PROCESSOR_GOAL),
    ]
    return [
        Result(
            "startup_loop", f"{what}, {name}", mine, peer, limit, ratio, f"at least {goal} times less", ratio >= goal
        )
        for what, mine, peer, limit, ratio, goal in rows
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
