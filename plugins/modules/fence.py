#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: fence
short_description: Keep a lost site from writing to the promoted volumes
version_added: 0.1.0
description:
  - Makes the surviving storage refuse everything from the site that was declared lost in this run, and proves it.
  - What stays unproven about the lost site is recorded as a fence debt of the plan.
  - Does nothing in a run that declared no site lost.
  - When the site has come back, O(state=absent) lets it in again and O(state=cleared) clears the fence debt, both only
    by observation.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  state:
    description:
      - V(present) fences the lost site.
      - V(absent) lets the returned site in again, once its VMs are proven off and its copies are read-only.
      - V(cleared) clears the fence debts of earlier runs, once every group of the returned site follows the other.
    type: str
    choices: [present, absent, cleared]
    default: present
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
"""

EXAMPLES = r"""
- name: Fence the lost site
  ocpvirt.dr.fence:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
"""

RETURN = r"""
fenced:
  description: Whether every group is provably fenced.
  returned: when O(state=present)
  type: bool
  sample: true
proofs:
  description: The evidence per group, as read back from the product.
  returned: when O(state=present)
  type: list
  elements: str
  sample: ["west's server takes nothing in from east: paused, epoch 7c1e"]
fence_debt:
  description: What stays unproven about the lost site, V(null) without a debt.
  returned: when a site was declared lost
  type: str
  sample: its VMs were not observed to be off
cleared:
  description: The debts that were cleared, each with the run that made it.
  returned: when O(state=cleared)
  type: list
  elements: str
  sample: ['payroll-failover-west-20261122071800-3f9a: its VMs were not observed to be off']
msg:
  description: The result in one line, or why nothing was done.
  returned: when O(state) is not V(present), or no site was declared lost
  type: str
  sample: the source was not declared lost
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.replication.fence_debt import clear_debts, unfence
from ..module_utils._operations.replication.fencing import fence_source

STATES = {"present": fence_source, "absent": unfence, "cleared": clear_debts}
SPEC = merge(PLAN, RUN, {"state": {"type": "str", "choices": list(STATES), "default": "present"}})


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params
    operation = STATES[given["state"]]
    run(module, lambda: operation(load_plan(given["plan"]), given["run_id"], module.check_mode))


if __name__ == "__main__":
    main()
