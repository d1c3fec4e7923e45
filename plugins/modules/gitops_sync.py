#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: gitops_sync
short_description: Pause or resume what syncs a plan from Git
version_added: 0.1.0
description:
  - >-
    Takes the automated sync of the Argo CD Applications that the plan's C(metadata.gitops) names away while the plan
    moves, and gives it back exactly as it was. Until then it is kept in the annotation C(dr.ocpvirt.io/paused-sync).
  - Pausing waits until no operation is under way and the automated sync has stayed away for five seconds.
  - >-
    A planned move is refused where that cannot be had. A failover goes on, and RV(decisions) says so.
  - >-
    An Application that would set the runStrategy of VMs to what Git says stays paused, and RV(decisions) says so.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  state:
    description: What to do.
    type: str
    choices: [paused, resumed]
    required: true
  sites:
    description:
      - Names of the sites.
      - By default those of the run. A V(reprotect) pauses at the site that the plan left only.
    type: list
    elements: str
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
"""

EXAMPLES = r"""
- name: Pause the sync at both sites
  ocpvirt.dr.gitops_sync:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
    state: paused
"""

RETURN = r"""
decisions:
  description: What became of each Application. The first 200.
  returned: success
  type: list
  elements: str
  sample: ['west: Application/openshift-gitops/payroll is paused']
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.stop.gitops import set_sync

SPEC = merge(
    PLAN,
    RUN,
    {
        "state": {"type": "str", "choices": ["paused", "resumed"], "required": True},
        "sites": {"type": "list", "elements": "str"},
    },
)


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params

    def operate() -> dict[str, object]:
        plan = load_plan(given["plan"])
        sites = [plan.site(name).name for name in given["sites"] or []]
        return set_sync(plan, given["run_id"], given["state"], sites, module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
