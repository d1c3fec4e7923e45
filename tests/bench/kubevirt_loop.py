# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting VMs as a playbook without us would: tasks of kubevirt.core.kubevirt_vm with a throttle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.bench.playbook_process import play
from ansible_collections.ocpvirt.dr.tests.bench.process_cost import Cost
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import Planned
from ocpvirt_lab.storm_instant import InstantVms


def started_by_loop(planned: Planned, folder: Path, cap: int) -> Cost:
    """VMs that boot at once; each is waited for, so the lab writes its status as well as its VMI."""
    with InstantVms(planned.fleet, on_vm=True):
        return play(folder, "theirs", _play(planned, cap), planned.fleet.names, cap)


def _play(planned: Planned, cap: int) -> dict[str, Any]:
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
    task = {"name": "Start the VM", "throttle": cap, "kubevirt.core.kubevirt_vm": start}
    return {"hosts": "all", "strategy": "free", "tasks": [task]}
