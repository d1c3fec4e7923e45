#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: replication
short_description: Switch the replication of a plan
version_added: 0.1.0
description:
  - Brings every consistency group of a plan to a state at one site, in parallel, and reads the result back.
  - A planned promotion wants the other site to be secondary. A forced one wants it declared lost in this run.
  - At the source of the run a promotion takes the volumes back, which wants the target to be secondary.
  - Force is never implied.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  state:
    description:
      - V(primary) makes the copies at O(site) writable, V(secondary) read-only.
      - V(synced) sends the rest from the demoted source and proves that both sides are equal.
      - V(resynced) throws the copies at O(site) away and takes those of the other site.
      - V(paused) and V(resumed) stop the transfer and go on with it.
      - Check mode tells of these three what is not so already, without writing anything.
    type: str
    choices: [primary, secondary, synced, resynced, paused, resumed]
    required: true
  forced:
    description:
      - Promote although the other site cannot confirm that it is secondary.
      - The site must have been declared lost.
    type: bool
    default: false
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
  - ocpvirt.dr._site
"""

EXAMPLES = r"""
- name: Promote the target's copies of a lost site
  ocpvirt.dr.replication:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
    site: west
    state: primary
    forced: true

- name: Send the rest and prove that both sides are equal
  ocpvirt.dr.replication:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
    site: east
    state: synced
"""

RETURN = r"""
switched:
  description: How many groups had to be changed, or would have to be in check mode.
  returned: when O(state) is not V(synced)
  type: int
  sample: 1
groups:
  description: The groups at the site after the switch, of many the first. M(ocpvirt.dr.replication_info) shows all.
  returned: when O(state) is not V(synced)
  type: list
  elements: dict
  sample: [{group: payroll, site: west, role: primary, health: healthy}]
decisions:
  description:
    - What a promotion loses, or that it does not; then what was changed, or would be. Of many the first.
    - Of V(synced) the final syncs that would be made, each with what it would read with all VMs off, as far as it does.
  returned: when O(state) is not V(synced), and in check mode
  type: list
  elements: str
  sample: ['payroll: what east wrote after 2026-11-22T07:17:58+00:00 is lost', 'payroll: primary at west']
proofs:
  description: Per group what was compared after the final sync, and how.
  returned: when O(state=synced)
  type: list
  elements: dict
  sample: [{group: payroll, holds: true, volumes: 24, compared: "path, size and sha256 of every file"}]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, SITE, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.replication.replication import prove_sync, switch

STATES = ["primary", "secondary", "synced", "resynced", "paused", "resumed"]
SPEC = merge(
    PLAN,
    RUN,
    SITE,
    {
        "state": {"type": "str", "choices": STATES, "required": True},
        "forced": {"type": "bool", "default": False},
    },
)


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params

    def operate() -> dict[str, object]:
        plan = load_plan(given["plan"])
        if given["state"] == "synced":
            return prove_sync(plan, given["run_id"], module.check_mode)
        return switch(plan, given["run_id"], given["site"], given["state"], given["forced"], module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
