#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: site_info
short_description: Show what the sites of a plan are and have
version_added: 0.1.0
description:
  - Asks each site for its version, the APIs that the plan needs, its backup storage and the VMs of the plan.
  - Nothing is changed.
  - A site that does not answer within 8 seconds is a result.
  - V(unreachable), V(failed) and absent APIs are different answers.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  sites:
    description: Names of the sites to ask. Both by default.
    type: list
    elements: str
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
"""

EXAMPLES = r"""
- name: Show both sites
  ocpvirt.dr.site_info:
    plan: plans/payroll.yml
"""

RETURN = r"""
sites:
  description: Site name to its report.
  returned: success
  type: dict
  sample:
    east:
      state: reachable
      message: ''
      version: v1.34.4
      apis: {kubevirt: true, velero: true}
      vms: {total: 24, running: 22}
      backup_storage: {default: Available}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.inventory.site_report import sites_info
from ..module_utils._operations.plan.plan_source import load_plan

SPEC = merge(PLAN, {"sites": {"type": "list", "elements": "str"}})


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)

    def operate() -> dict[str, object]:
        plan = load_plan(module.params["plan"])
        return sites_info(plan, [plan.site(name).name for name in module.params["sites"] or plan.sites])

    run(module, operate)


if __name__ == "__main__":
    main()
