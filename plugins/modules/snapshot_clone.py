#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot_clone
short_description: Take a recovery point of a plan's volumes as clones
version_added: 0.1.0
description:
  - >-
    Snapshots all disks of each VM at one moment, with its guest frozen where its agent is connected, and makes a claim
    from each snapshot. Claims that only pods use are snapshotted one by one.
  - >-
    The clones have the labels by which the plan's groups select volumes, so they are captured and replicated like the
    rest.
  - Snapshots are removed once the clones are bound. Of each VM the newest C(snapshots.keep) sets of clones are kept.
  - >-
    A VM whose set fails gets no clones, is a finding, and stops no other one. What was killed is gone on with by the
    next call within an hour, and removed by a later one.
  - Does nothing for a plan without C(snapshots).
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._site
  - ocpvirt.dr._wait
options:
  recovery_point:
    description:
      - Name of the recovery point. With the same name a second call makes nothing that is there already.
      - Lower-case letters, digits and C(-), at most 24.
      - >-
        Without it, one that was begun within the last hour and not finished is gone on with, else it is named after the
        time.
    type: str
    default: ''
notes:
  - O(wait_timeout) is for each VM. A guest is frozen for at most five minutes, after which KubeVirt thaws it.
seealso:
  - module: ocpvirt.dr.velero_backup
"""

EXAMPLES = r"""
- name: Clone the volumes of the plan where it lives
  ocpvirt.dr.snapshot_clone:
    plan: plans/payroll.yml
    site: east
"""

RETURN = r"""
recovery_point:
  description: Name of the recovery point. Empty for a plan without C(snapshots).
  returned: success
  type: str
  sample: 20260301t120000z
complete:
  description: Whether all volumes of the plan have a clone in it, on its way to the other site.
  returned: success
  type: bool
  sample: true
decisions:
  description: What was made and removed, or would be in check mode. The first 200.
  returned: success
  type: list
  elements: str
  sample: ['VirtualMachine/payroll/db-0: cloned as payroll/db-0-20260301t120000z']
sets:
  description: Number of VMs, and of claims that only pods use, that have their clones in the recovery point.
  returned: success
  type: int
  sample: 1
clones:
  description: Number of clones in the recovery point.
  returned: success
  type: int
  sample: 1
findings:
  description: What could not be cloned or removed, and what the clones are worth.
  returned: success
  type: list
  elements: dict
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, SITE, WAIT, merge
from ..module_utils._operations.clones.recovery_point import take_recovery_point
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan


def main() -> None:
    point = {"recovery_point": {"type": "str", "default": ""}}
    module = AnsibleModule(argument_spec=merge(PLAN, SITE, WAIT, point), supports_check_mode=True)

    def operate() -> dict[str, object]:
        plan = load_plan(module.params["plan"])
        site, point = plan.site(module.params["site"]).name, module.params["recovery_point"]
        return take_recovery_point(plan, site, point, module.params["wait_timeout"], module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
