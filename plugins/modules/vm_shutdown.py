#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: vm_shutdown
short_description: Stop the VMs and workloads of a plan at a site and prove them off
version_added: 0.1.0
description:
  - Halts every VM of the plan through its runStrategy, in the reverse order of their start, and records on each what
    it was before.
  - A VirtualMachinePool that the plan selects with its VMs is paused until they run again. One that it does not select
    is refused.
  - >-
    Workloads that the plan selects are stopped in the same order: Deployments and StatefulSets to zero replicas,
    CronJobs and Jobs suspended, DaemonSets by a node selector that no node fulfils.
  - >-
    Waits until no VirtualMachineInstance, launcher pod, migration target, hotplug pod, pod of a workload or
    VolumeAttachment of the plan is left, and no workload asks for pods.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  state:
    description:
      - V(stopped) stops the VMs.
      - V(proven_off) only looks whether anything of them is left, after the volumes were demoted.
    type: str
    choices: [stopped, proven_off]
    default: stopped
  best_effort:
    description:
      - For a site that was declared lost. VMs that cannot be stopped or proven off are recorded and the run goes on.
    type: bool
    default: false
  force:
    description:
      - Takes the power from VMs that are not off in O(wait_timeout) seconds, as pulling the plug does. Then a minute is
        waited for the proof.
      - >-
        What stops together has O(wait_timeout) for itself then, so that no database loses its power because an
        application was slow. With O(best_effort) that is not so.
      - Pods of workloads are not forced. Kubernetes ends them after their grace period.
    type: bool
    default: false
  freeze:
    description:
      - With O(force), brings the file systems of a guest to rest before its power is taken, so that the final sync or a
        snapshot takes whole ones. Needs the guest agent. A guest that cannot be frozen is forced off as it is.
      - Whatever is there afterwards all the same is let go on.
    type: bool
    default: false
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
  - ocpvirt.dr._site
  - ocpvirt.dr._wait
"""

EXAMPLES = r"""
- name: Stop the source
  ocpvirt.dr.vm_shutdown:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
    site: east
    wait_timeout: 600

- name: Stop the source, whatever its guests say
  ocpvirt.dr.vm_shutdown:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
    site: east
    force: true
    freeze: true
"""

RETURN = r"""
proven_off:
  description: Whether nothing of the VMs is left at the site.
  returned: success
  type: bool
  sample: true
stopped:
  description: Number of VMs that had to be halted.
  returned: success
  type: int
  sample: 24
workloads_stopped:
  description: Number of workloads that had to be stopped, with the Jobs of CronJobs.
  returned: success
  type: int
  sample: 3
forced:
  description: Number of VMs whose power had to be taken.
  returned: success
  type: int
  sample: 1
decisions:
  description:
    - What became of pools and of VMs that were forced off. In check mode also what would be stopped, in its order.
    - >-
      Where no order can be had, as of a cycle of needs, all stop at once, and that is said here with the reason. So is
      each need of what the plan does not protect, as nothing is ordered by it.
    - The first 200.
  returned: success
  type: list
  elements: str
  sample: ['payroll/db-0: forced off, frozen before']
msg:
  description: The result in one line.
  returned: success
  type: str
  sample: 24 VMs halted, 3 workloads stopped, 1 of them by force at east
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, SITE, WAIT, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.stop.shutdown import Patience, prove_off, stop_vms

SPEC = merge(
    PLAN,
    RUN,
    SITE,
    WAIT,
    {
        "state": {"type": "str", "choices": ["stopped", "proven_off"], "default": "stopped"},
        "best_effort": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "freeze": {"type": "bool", "default": False},
    },
)


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params

    def operate() -> dict[str, object]:
        plan = load_plan(given["plan"])
        site = plan.site(given["site"]).name
        if given["state"] == "proven_off":
            return prove_off(plan, given["run_id"], site, module.check_mode)
        patience = Patience(given["wait_timeout"], given["best_effort"], given["force"], given["freeze"])
        return stop_vms(plan, given["run_id"], site, patience, module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
