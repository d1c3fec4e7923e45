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
author:
  - The ocpvirt.dr authors (@ocpvirt)
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
  returned: success
  type: bool
  sample: true
proofs:
  description: The evidence per group, as read back from the product.
  returned: success
  type: list
  elements: str
  sample: ["west's server takes nothing in from east: paused, epoch 7c1e"]
fence_debt:
  description: What stays unproven about the lost site, V(null) without a debt.
  returned: when a site was declared lost
  type: str
  sample: its VMs were not observed to be off
msg:
  description: Why nothing was done.
  returned: when no site was declared lost
  type: str
  sample: the source was not declared lost
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan_source import load_plan
from ..module_utils._operations.replication import fence_source


def main() -> None:
    module = AnsibleModule(argument_spec=merge(PLAN, RUN), supports_check_mode=True)
    given = module.params
    run(module, lambda: fence_source(load_plan(given["plan"]), given["run_id"], module.check_mode))


if __name__ == "__main__":
    main()
