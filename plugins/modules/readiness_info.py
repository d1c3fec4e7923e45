#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: readiness_info
short_description: Find what would stop a failover of a plan
version_added: 0.1.0
description:
  - >-
    Looks at both sites, the replication, every volume, the newest capture, and at what is known to go wrong with
    VMs that are moved, and returns every finding with its remedy.
  - Nothing is changed.
  - A blocker keeps the plan from being moved safely.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
"""

EXAMPLES = r"""
- name: Is the plan ready
  ocpvirt.dr.readiness_info:
    plan: plans/payroll.yml
  register: readiness
  failed_when: not readiness.ready
"""

RETURN = r"""
ready:
  description: Whether there is no blocker.
  returned: success
  type: bool
  sample: false
score:
  description: 0 to 100. 25 less for each kind of blocker, 5 less for each kind of warning.
  returned: success
  type: int
  sample: 75
lives_at:
  description: The site where every group is primary. Empty when there is no such site.
  returned: success
  type: str
  sample: east
blockers:
  description: Number of blockers.
  returned: success
  type: int
  sample: 1
findings:
  description:
    - The findings, blockers first. Of each code the first 20, then one that says how many more there are.
    - C(docs/findings.md) of the collection lists all codes.
  returned: success
  type: list
  elements: dict
  contains:
    severity:
      description: V(blocker), V(warning) or V(info).
      type: str
      sample: blocker
    code:
      description: A stable name of the kind of finding.
      type: str
      sample: ReclaimPolicy
    "on":
      description: The object, as kind/namespace/name.
      type: str
      sample: PersistentVolume/pv-db-0
    message:
      description: What is wrong.
      type: str
      sample: 'Delete: a deleted claim takes its data along'
    remedy:
      description: What to do.
      type: str
      sample: run protect
    site:
      description: The site, V(null) when it concerns both.
      type: str
      sample: east
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan_source import load_plan
from ..module_utils._operations.readiness import readiness


def main() -> None:
    module = AnsibleModule(argument_spec=PLAN, supports_check_mode=True)
    run(module, lambda: readiness(load_plan(module.params["plan"])))


if __name__ == "__main__":
    main()
