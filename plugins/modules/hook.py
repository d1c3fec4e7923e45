#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: hook
short_description: Record a hook before or after a step of a run
version_added: 0.1.0
description:
  - >-
    A module cannot run tasks. It records that those of a hook in the plan's C(hooks) begin, which keeps the plan's
    lock for the hook's timeout and a minute more, and how they ended.
  - What V(passed) is not run again by a rerun, unless the plan says C(always).
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  moment:
    description: When it runs, such as V(before_quiesce).
    type: str
    required: true
  tasks:
    description: Its task file, as the plan names it.
    type: str
    required: true
  state:
    description: That it begins, or how it ended.
    type: str
    choices: [running, passed, failed]
    required: true
  reason:
    description: Why it failed.
    type: str
    default: ""
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
"""

EXAMPLES = r"""
- name: Record that the load balancer is drained
  ocpvirt.dr.hook:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
    moment: before_quiesce
    tasks: hooks/drain.yml
    state: passed
"""

RETURN = r"""
msg:
  description: The result in one line.
  returned: success
  type: str
  sample: hook hooks/drain.yml, before_quiesce, passed after 4.0 s
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.run.hook import record_hook

OWN = {
    "moment": {"type": "str", "required": True},
    "tasks": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["running", "passed", "failed"], "required": True},
    "reason": {"type": "str", "default": ""},
}


def main() -> None:
    module = AnsibleModule(argument_spec=merge(PLAN, RUN, OWN), supports_check_mode=True)
    given = module.params

    def operate() -> dict[str, object]:
        hook = [given[name] for name in ("moment", "tasks", "state", "reason")]
        return record_hook(load_plan(given["plan"]), given["run_id"], *hook, module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
