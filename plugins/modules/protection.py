#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: protection
short_description: Protect what a plan selects, or take its protection back
version_added: 0.1.0
description:
  - >-
    Labels the selected VMs and workloads and what they need, sets their volumes to Retain, enables replication towards
    the other site and schedules backups.
  - Only objects that belong to the selected VMs and workloads are written. Each change is listed.
  - >-
    With O(state=absent) all of this is taken back at both sites: labels, reclaim policies, replication, the schedule,
    a latch that was left, the record of the last syncs. No claim, volume, data and record of a run is touched, and no
    capture unless O(captures=true).
  - It is refused while a run is unfinished, a fence debt is open, or the plan lives elsewhere.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._site
options:
  state:
    description:
      - V(present) protects the plan at the site, V(absent) takes the protection back at both sites.
      - For both, the site is the one where the plan lives.
    type: str
    choices: [present, absent]
    default: present
  captures:
    description:
      - Whether O(state=absent) deletes the plan's captures of both sites too. Nothing brings them back.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Protect the plan at the site where it lives
  ocpvirt.dr.protection:
    plan: plans/payroll.yml
    site: east

- name: Take its protection back
  ocpvirt.dr.protection:
    plan: plans/payroll.yml
    site: east
    state: absent
"""

RETURN = r"""
decisions:
  description: Every object that was changed, or would be in check mode, and why. The first 200.
  returned: success
  type: list
  elements: str
  sample: ['PersistentVolume/pv-db-0: reclaim policy Delete becomes Retain']
run_id:
  description: The name under which the plan's lock is held and progress is written; it is no run and has no record.
  returned: when O(state=absent)
  type: str
  sample: payroll-unprotect
stays:
  description: What is left as it is, and why. The first 200.
  returned: when O(state=absent)
  type: list
  elements: str
  sample:
    - >-
      PersistentVolume/pv-db-0 at east: reclaim policy stays Retain (Delete before): no claim holds it, so its data
      would be deleted at once
vms:
  description: Number of protected VMs.
  returned: success
  type: int
  sample: 24
workloads:
  description: >-
    Number of protected Deployments, StatefulSets, DaemonSets, CronJobs and Jobs; with O(state=absent) of those that
    are changed.
  returned: success
  type: int
  sample: 3
volumes:
  description: Number of their volumes; with O(state=absent) of those that are changed.
  returned: success
  type: int
  sample: 24
prestage:
  description: Whether the plan wants a stage at the other site, which is to be refreshed after a capture.
  returned: success
  type: bool
  sample: false
run_strategies:
  description: How many VMs have which runStrategy.
  returned: when O(state=present)
  type: dict
  sample: {Always: 20, Manual: 2, Halted: 2}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, SITE, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.protect.protection import protect
from ..module_utils._operations.protect.unprotection import unprotect


def main() -> None:
    states = {"type": "str", "choices": ["present", "absent"], "default": "present"}
    spec = {"state": states, "captures": {"type": "bool", "default": False}}
    module = AnsibleModule(argument_spec=merge(PLAN, SITE, spec), supports_check_mode=True)

    def operate() -> dict[str, object]:
        plan = load_plan(module.params["plan"])
        site = plan.site(module.params["site"]).name
        if module.params["state"] == "absent":
            return unprotect(plan, site, module.check_mode, module.params["captures"])
        return protect(plan, site, module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
