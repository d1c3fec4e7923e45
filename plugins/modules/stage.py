#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: stage
short_description: Remove from a stage what vanished where the plan lives
version_added: 0.1.0
description:
  - >-
    The last step of a refresh, after M(ocpvirt.dr.persistent_volume) and M(ocpvirt.dr.velero_restore). Objects with the
    label of the plan that neither the run's capture nor the site where the plan lives has any more are removed.
  - >-
    Only those go that a run of the plan made at this site. What was there before it, what somebody uses, and a claim
    that keeps a copy alive stay, and RV(decisions) says why.
  - A claim goes with its volume, whose reclaim policy is C(Retain). Its data stays.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
  - ocpvirt.dr._wait
"""

EXAMPLES = r"""
- name: Remove what vanished
  ocpvirt.dr.stage:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
"""

RETURN = r"""
removed:
  description: Number of objects that were removed. A claim and its volume count as one.
  returned: success
  type: int
  sample: 2
decisions:
  description: What is not in the capture and what becomes of it. The first 200.
  returned: success
  type: list
  elements: str
  sample: ['VirtualMachine/payroll/db-9 is removed: east has it no more']
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, WAIT, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.restore.prune import prune_stage

SPEC = merge(PLAN, RUN, WAIT)


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params
    run(
        module,
        lambda: prune_stage(load_plan(given["plan"]), given["run_id"], given["wait_timeout"], module.check_mode),
    )


if __name__ == "__main__":
    main()
