#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: plan_status
short_description: Show where a plan lives and how it is
version_added: 0.1.0
description:
  - Reports sites, replication, captures, the lock, fence debts and the last runs of a plan from whatever answers.
  - Nothing is changed.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
"""

EXAMPLES = r"""
- name: Show the plan
  ocpvirt.dr.plan_status:
    plan: plans/payroll.yml
"""

RETURN = r"""
plan:
  description: Name of the plan.
  returned: success
  type: str
  sample: payroll
lives_at:
  description:
    - The site where every group is primary; of two, the one that the plan was moved to last.
    - Empty when there is no such site, or the one that the plan was moved to last gives no answer.
  returned: success
  type: str
  sample: east
phase:
  description:
    - V(normal), V(failed_over), V(failback_prep), V(failing_back) or V(unclear).
    - It is the one that O(ocpvirt.dr.replication_info#module:expect) finds as expected for every group.
    - V(unclear) where groups fit none or not the same one, as beside a copy that has diverged.
  returned: success
  type: str
  sample: normal
sites:
  description: Site name to its report, as M(ocpvirt.dr.site_info) returns it.
  returned: success
  type: dict
  sample: {}
groups:
  description: One entry per group and site, as M(ocpvirt.dr.replication_info) returns it, with the lag in seconds.
  returned: success
  type: list
  elements: dict
  sample: [{group: payroll, site: west, role: secondary, lag_seconds: 3.1}]
captures:
  description: Site name to the three newest captures known there.
  returned: success
  type: dict
  sample: {west: [{name: payroll-east-20261122071500, phase: Completed, complete: true}]}
stage:
  description:
    - Which capture the stage holds, if the plan wants one, when that was taken, its age in seconds, and when the stage
      was brought to it. Without a C(capture) there is none.
    - Empty when the plan wants none, or nobody knows where the plan lives.
  returned: success
  type: dict
  sample:
    site: west
    capture: payroll-east-20261122071500
    captured: '2026-11-22T07:15:00Z'
    refreshed: '2026-11-22T07:16:10.000+00:00'
    age_seconds: 180
last_test:
  description:
    - The last rehearsal that came to a verdict, V(passed) or V(failed), how many days ago it ended, which recovery
      point it tried, with its age in seconds when it began, and whether it is removed.
    - With the newest copies C(recovery_point) is empty.
    - Empty when there was none.
  returned: success
  type: dict
  sample:
    run_id: payroll-rehearsal-west-20261120071500-1a2b
    site: west
    ended: '2026-11-20T07:19:42.000+00:00'
    days: 2
    verdict: passed
    recovery_point: {}
    cleaned: true
lock:
  description: Site name to the holder of the lock there.
  returned: success
  type: dict
  sample: {}
fence_debts:
  description: What is not proven about lost sites.
  returned: success
  type: list
  elements: str
  sample: []
table:
  description: All of this as lines for a person, what is dangerous first.
  returned: success
  type: list
  elements: str
  sample: ['plan payroll lives at east, phase normal']
runs:
  description:
    - The last five runs, oldest first, refreshes of a stage left out, each as M(ocpvirt.dr.run_info) lists it.
  returned: success
  type: list
  elements: dict
  sample:
    - run_id: payroll-failover-west-20261122071800-3f9a
      state: done
      seconds: 90.0
      lost_seconds: 2.0
      rto_seconds: 71.2
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN
from ..module_utils._operations.checks.plan_status import plan_status
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan


def main() -> None:
    module = AnsibleModule(argument_spec=PLAN, supports_check_mode=True)
    run(module, lambda: plan_status(load_plan(module.params["plan"])))


if __name__ == "__main__":
    main()
