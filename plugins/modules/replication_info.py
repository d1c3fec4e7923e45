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
  - A site that does not answer is a result, with the role V(unknown). Where the plan names no provider, one site has to
    show which product it is.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  sites:
    description: Names of the sites to ask. Both by default.
    type: list
    elements: str
  expect:
    description:
      - Compare with what a phase of the plan wants. Both sites are asked.
      - V(normal) has the plan at home and replicating to the other site, V(failed_over) at the other site without
        replication.
      - V(failback_prep) has it at the other site and replicating home, V(failing_back) at home without replication.
      - A site that does not answer is no primary. What it sends or takes is believed of the other one while that is
        healthy.
      - A group that is partly switched is as no phase wants it.
    type: str
    choices: [normal, failed_over, failback_prep, failing_back]
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
"""

EXAMPLES = r"""
- name: Show roles and health
  ocpvirt.dr.replication_info:
    plan: plans/payroll.yml
  register: replication

- name: Check that the way back is ready
  ocpvirt.dr.replication_info:
    plan: plans/payroll.yml
    expect: failback_prep
  register: replication
  failed_when: not replication.as_expected
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
    last_sync_source:
      description: What the product calls that moment, empty without one.
      type: str
      sample: newest complete snapshot at the secondary
    last_sync_by:
      description:
        - Who tells that moment where what arrived may be newer, as it is told late or was read some time after it.
        - Empty where the copy itself shows it.
      type: str
      sample: ''
    arrived:
      description:
        - When the newest whole data came to a secondary that cannot say of which moment it is, V(null) elsewhere.
        - The data is older than that.
      type: str
      sample: null
    goes_back:
      description: Why a promotion by force may go back further than to what was told of the copy, empty elsewhere.
      type: str
      sample: ''
    lag_seconds:
      description: Age of that moment, in seconds, V(null) where the product has none.
      type: float
      sample: 2.1
    sync_proof:
      description: What shows that the other site holds all of a demoted copy, empty while nothing shows it.
      type: str
      sample: ''
    reachable:
      description: Whether the product at this site answered.
      type: bool
      sample: true
    present:
      description: V(false) when the product at this site answered that it has nothing of the group yet.
      type: bool
      sample: true
    partly_switched:
      description: Whether its volumes have different roles, so that some may be primary; the role is V(unknown) then.
      type: bool
      sample: false
    message:
      description: What is wrong, in words of the product.
      type: str
      sample: ''
    raw:
      description: The product's own answer.
      type: dict
      sample: {}
expected:
  description: One entry per group; whether it replicates, in which direction, and whether that is what the phase wants.
  returned: with O(expect)
  type: list
  elements: dict
  contains:
    group:
      description: Name of the group.
      type: str
      sample: payroll
    replicates:
      description: Whether data flows from one site to the other.
      type: bool
      sample: true
    direction:
      description: From where to where, empty when nothing flows.
      type: str
      sample: east -> west
    as_expected:
      description: Whether that is what the phase wants.
      type: bool
      sample: true
    message:
      description: What is not as the phase wants it, and what each site says of that.
      type: str
      sample: ''
as_expected:
  description: Whether every group is as the phase wants it.
  returned: with O(expect)
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.replication.replication import replication_info

PHASES = ["normal", "failed_over", "failback_prep", "failing_back"]
SPEC = merge(
    PLAN,
    {"sites": {"type": "list", "elements": "str"}, "expect": {"type": "str", "choices": PHASES}},
)


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)

    def operate() -> dict[str, object]:
        plan = load_plan(module.params["plan"])
        sites = [plan.site(name).name for name in module.params["sites"] or plan.sites]
        return replication_info(plan, sites, module.params["expect"])

    run(module, operate)


if __name__ == "__main__":
    main()
