#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: replication_info
short_description: Show the replication of a plan
version_added: 0.1.0
description:
  - Asks the replication product at each site for the state of every consistency group. Nothing is changed.
  - A site that does not answer is a result, with the role V(unknown).
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
- name: Show roles and health
  ocpvirt.dr.replication_info:
    plan: plans/payroll.yml
  register: replication
"""

RETURN = r"""
groups:
  description: One entry per group and site.
  returned: success
  type: list
  elements: dict
  contains:
    group:
      description: Name of the group.
      type: str
      sample: payroll
    site:
      description: The site that was asked.
      type: str
      sample: east
    provider:
      description: The replication provider.
      type: str
      sample: nfs
    role:
      description: V(primary), V(secondary) or V(unknown).
      type: str
      sample: primary
    health:
      description: V(healthy), V(degraded), V(diverged), V(error) or V(unknown).
      type: str
      sample: healthy
    direction:
      description: Where data flows as seen from this site, V(outgoing), V(incoming) or V(none).
      type: str
      sample: outgoing
    last_sync:
      description: Moment of the newest data that is wholly at the secondary, V(null) where the product has none.
      type: str
      sample: '2026-11-22T07:18:00+00:00'
    reachable:
      description: Whether the product at this site answered.
      type: bool
      sample: true
    message:
      description: What is wrong, in words of the product.
      type: str
      sample: ''
    raw:
      description: The product's own answer.
      type: dict
      sample: {}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan_source import load_plan
from ..module_utils._operations.replication import replication_info

SPEC = merge(PLAN, {"sites": {"type": "list", "elements": "str"}})


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)

    def operate() -> dict[str, object]:
        plan = load_plan(module.params["plan"])
        return replication_info(plan, [plan.site(name).name for name in module.params["sites"] or plan.sites])

    run(module, operate)


if __name__ == "__main__":
    main()
