#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: protection
short_description: Protect what a plan selects
version_added: 0.1.0
description:
  - >-
    Labels the selected VMs and workloads and what they need, sets their volumes to Retain, enables replication towards
    the other site and schedules backups.
  - Only objects that belong to the selected VMs and workloads are written. Each change is listed.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._site
"""

EXAMPLES = r"""
- name: Protect the plan at the site where it lives
  ocpvirt.dr.protection:
    plan: plans/payroll.yml
    site: east
"""

RETURN = r"""
decisions:
  description: Every object that was changed, or would be in check mode, and why. The first 200.
  returned: success
  type: list
  elements: str
  sample: ['PersistentVolume/pv-db-0: reclaim policy Delete becomes Retain']
vms:
  description: Number of protected VMs.
  returned: success
  type: int
  sample: 24
workloads:
  description: Number of protected Deployments, StatefulSets, DaemonSets, CronJobs and Jobs.
  returned: success
  type: int
  sample: 3
volumes:
  description: Number of their volumes.
  returned: success
  type: int
  sample: 24
run_strategies:
  description: How many VMs have which runStrategy.
  returned: success
  type: dict
  sample: {Always: 20, Manual: 2, Halted: 2}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, SITE, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan_source import load_plan
from ..module_utils._operations.protection import protect


def main() -> None:
    module = AnsibleModule(argument_spec=merge(PLAN, SITE), supports_check_mode=True)

    def operate() -> dict[str, object]:
        plan = load_plan(module.params["plan"])
        return protect(plan, plan.site(module.params["site"]).name, module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
