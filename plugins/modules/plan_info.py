#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: plan_info
short_description: Validate a plan and show it normalised
version_added: 0.1.0
description:
  - Reads a plan, validates all of it and returns it with its defaults filled in and its values in one spelling.
  - A plan with problems makes the module fail.
  - Every problem is reported at once, with its path and the allowed values.
  - No site is contacted and no secret is read. A plan refers to secrets and never holds them.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
"""

EXAMPLES = r"""
- name: Validate a plan in a file
  ocpvirt.dr.plan_info:
    plan: plans/payroll.yml
  register: payroll

- name: Show the order in which VMs start
  ansible.builtin.debug:
    msg: "{{ payroll.plan.startup.waves | map(attribute='name') | join(', then ') }}"

- name: Validate a plan that is a variable
  ocpvirt.dr.plan_info:
    plan: "{{ payroll_plan }}"

- name: Refuse to go on when the plan is not the one that was approved
  ansible.builtin.assert:
    that: payroll.fingerprint == approved_fingerprint
"""

RETURN = r"""
plan:
  description:
    - The plan with its defaults filled in and its values in one spelling. Given as O(plan), it means the same.
    - Waves are in the order in which they run, and the last one takes the rest.
  returned: success
  type: dict
  sample: {name: payroll, home: east}
fingerprint:
  description: SHA-256 of RV(plan), the same for every spelling of the same plan.
  returned: success
  type: str
  sample: 55f0594089874b55c1bfab3e3e288ac7e200a670f484d280681304b50c7b5093
sites:
  description: Names of the two sites.
  returned: success
  type: list
  elements: str
  sample: [east, west]
namespaces:
  description: Namespaces of what the plan protects.
  returned: success
  type: list
  elements: str
  sample: [payroll]
groups:
  description: The consistency groups, with what holds for each after the plan's own values were filled in.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the group.
      type: str
      sample: payroll-db
    provider:
      description: The replication provider, V(null) when it is to be detected.
      type: str
      sample: csi_addons
    max_lag:
      description: The replication lag that is tolerated, V(null) without a limit.
      type: str
      sample: 15m
    selector:
      description: The label selector of the group's PVCs. An empty one selects all of them.
      type: str
      sample: tier=db
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import describe_plan, load_plan


def main() -> None:
    module = AnsibleModule(argument_spec=PLAN, supports_check_mode=True)
    run(module, lambda: describe_plan(load_plan(module.params["plan"])))


if __name__ == "__main__":
    main()
