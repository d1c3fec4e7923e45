#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: rehearsal
short_description: Make the place of a rehearsal, or remove all of it
version_added: 0.1.0
description:
  - >-
    A rehearsal runs copies of a plan's VMs at the site where the plan does not live, in namespaces of its own, while
    production runs and replicates. The run is one of O(ocpvirt.dr.run#module:operation=test_failover) or
    O(ocpvirt.dr.run#module:operation=test_cleanup).
  - Only what a rehearsal of the plan made is ever removed.
options:
  state:
    description:
      - V(isolated) makes the namespaces, with network policies that let nothing in or out, and a network that leads
        nowhere in place of each that the VMs name.
      - V(absent) removes VMs, namespaces, volumes and the copies with their data. What does not go fails the module.
    type: str
    choices: [isolated, absent]
    default: isolated
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
  - ocpvirt.dr._wait
"""

EXAMPLES = r"""
- name: Make namespaces that nothing enters or leaves
  ocpvirt.dr.rehearsal:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"

- name: Remove the rehearsal
  ocpvirt.dr.rehearsal:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
    state: absent
"""

RETURN = r"""
decisions:
  description: What is made, or removed. The first 200.
  returned: success
  type: list
  elements: str
  sample: [Namespace/payroll-rehearsal is made]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, WAIT, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.rehearsal.isolation import isolate
from ..module_utils._operations.rehearsal.removal import clean_up

SPEC = merge(PLAN, RUN, WAIT, {"state": {"type": "str", "choices": ["isolated", "absent"], "default": "isolated"}})


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params

    def operate() -> dict[str, object]:
        plan = load_plan(given["plan"])
        if given["state"] == "absent":
            return clean_up(plan, given["run_id"], given["wait_timeout"], module.check_mode)
        return isolate(plan, given["run_id"], module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
