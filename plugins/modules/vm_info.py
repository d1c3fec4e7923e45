#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: vm_info
short_description: Show how the VMs and workloads of a plan stand at a site
version_added: 0.1.0
description:
  - Lists what the plan selects at a site with its power, what it gets back at a start, its place in the order, and why
    it is not ready. Nothing is changed.
  - What ought to run and does not comes first, as lists are cut so that the result stays below 64 KB.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._site
"""

EXAMPLES = r"""
- name: Look at the VMs at east
  ocpvirt.dr.vm_info:
    plan: plans/payroll.yml
    site: east
  register: payroll

- name: Show what ought to run and does not
  ansible.builtin.debug:
    msg: "{{ payroll.vms | rejectattr('ready') | rejectattr('wave', 'eq', '') }}"
"""

RETURN = r"""
site:
  description: The site.
  returned: success
  type: str
  sample: east
latch_closed:
  description: Whether no VM of the plan can start there.
  returned: success
  type: bool
  sample: false
counts:
  description:
    - Over all VMs and workloads, whatever the lists leave out.
    - C(to_run) VMs are started by a start, C(ready) ones are as their readiness wants them.
  returned: success
  type: dict
  sample: {'on': 1, ready: 0, to_run: 1, vms: 2, workloads: 1, workloads_ready: 1}
vms:
  description: The VMs, at most 200 and 40 KB of them.
  returned: success
  type: list
  elements: dict
  contains:
    vm:
      description: Namespace and name.
      type: str
      sample: payroll/db-0
    power:
      description: V(on) as long as a VirtualMachineInstance of it is there and has not ended, else V(off).
      type: str
      sample: 'on'
    status:
      description: KubeVirt's C(printableStatus).
      type: str
      sample: Starting
    run_strategy:
      description: Its runStrategy. C(spec.running) counts as V(Always) or V(Halted).
      type: str
      sample: Always
    recorded:
      description: >-
        The runStrategy that it had before a run stopped it, V(null) unless one did. V(unreadable) where nobody can read
        its annotation, which RV(order_problem) tells.
      type: str
      sample: Always
    ready:
      description: >-
        Whether it is ready as its own readiness, that of its wave or C(startup.readiness) of the plan wants it, the
        nearest wins. Nothing is probed, and no delay is waited for.
      type: bool
      sample: false
    agent:
      description: Whether its guest agent is connected.
      type: bool
      sample: false
    wave:
      description: Its wave in a start, empty for what stays off.
      type: str
      sample: databases, priority 1
    priority:
      description: From 1, which starts first, to 5.
      type: int
      sample: 1
    node:
      description: The node that it runs on.
      type: str
      sample: node-0
    why_not:
      description: Why it is not ready, empty when it is.
      type: str
      sample: Guest VM is not reported as running
workloads:
  description: The workloads, at most 200 and 16 KB of them.
  returned: success
  type: list
  elements: dict
  contains:
    workload:
      description: Kind, namespace and name.
      type: str
      sample: Deployment/payroll/front
    recorded:
      description: What it was before a run stopped it, V(null) unless one did. V(unreadable) as of a VM.
      type: str
      sample: 3 replicas
    ready:
      description: Whether all of its replicas are available. A CronJob or Job has only to be not suspended.
      type: bool
      sample: true
    wave:
      description: Its wave in a start, empty for what stays off.
      type: str
      sample: rest, priority 3
    priority:
      description: From 1, which starts first, to 5.
      type: int
      sample: 3
    why_not:
      description: Why it is not ready, empty when it is.
      type: str
      sample: ''
left_out:
  description: How many VMs and workloads the lists leave out.
  returned: success
  type: int
  sample: 0
order_problem:
  description: Why no order of a start can be had, such as a cycle of dependencies. Waves are empty then.
  returned: success
  type: str
  sample: ''
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, SITE, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.inventory.vm_info import vm_info
from ..module_utils._operations.plan.plan_source import load_plan


def main() -> None:
    module = AnsibleModule(argument_spec=merge(PLAN, SITE), supports_check_mode=True)

    def operate() -> dict[str, object]:
        plan = load_plan(module.params["plan"])
        return vm_info(plan, plan.site(module.params["site"]).name)

    run(module, operate)


if __name__ == "__main__":
    main()
