#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: verification
short_description: Verify a move after its start
version_added: 0.1.0
description:
  - Reads every volume at the target back once more and looks for VMs and pods of workloads of the
    plan at the source.
  - Fails when one of them is left at the source.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
"""

EXAMPLES = r"""
- name: Verify the move
  ocpvirt.dr.verification:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
"""

RETURN = r"""
volumes_verified:
  description: Number of volumes that are as decided.
  returned: success
  type: int
  sample: 24
running:
  description: Number of VMs of the plan that run at the target.
  returned: success
  type: int
  sample: 22
left_at_source:
  description: VMs and pods of the plan that exist at the source.
  returned: success
  type: list
  elements: str
  sample: []
rehearsal:
  description: The verdict over a rehearsal, whose VMs are copies beside production.
  returned: with a run of O(ocpvirt.dr.run#module:operation=test_failover), unless in check mode
  type: dict
  contains:
    verdict:
      description: V(passed) or V(failed).
      type: str
    reasons:
      description: Why it failed. The first 20.
      type: list
      elements: str
    capture:
      description: The capture that was restored.
      type: str
    recovery_point:
      description:
        - The recovery point that was tried, the moment of its oldest clone, and how many seconds that was before the
          rehearsal began. The latter two are V(null) where the clones do not say it.
        - Empty with the newest copies.
      type: dict
      contains:
        name:
          description: Its name.
          type: str
        taken:
          description: The moment, ISO 8601.
          type: str
        age_seconds:
          description: The age.
          type: float
    started:
      description: Number of VMs and workloads that got ready.
      type: int
    longest_start:
      description: Seconds from asked to ready of the slowest one.
      type: float
    groups_gone_on:
      description: Groups of which newer data arrived meanwhile.
      type: list
      elements: str
  sample:
    verdict: passed
    reasons: []
    capture: payroll-20260301-120000
    recovery_point: {name: 20260301t040000z, taken: '2026-03-01T04:00:00Z', age_seconds: 28800.0}
    started: 22
    longest_start: 41.5
    groups_gone_on: [payroll]
msg:
  description: What is known of the source, or the verdict over a rehearsal in words.
  returned: success
  type: str
  sample: 'east is unreachable: nothing is known of it'
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.start.verify import verify_run


def main() -> None:
    module = AnsibleModule(argument_spec=merge(PLAN, RUN), supports_check_mode=True)
    given = module.params
    run(module, lambda: verify_run(load_plan(given["plan"]), given["run_id"], module.check_mode))


if __name__ == "__main__":
    main()
