#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: latch
short_description: Close or open the latch of a plan at a site
version_added: 0.1.0
description:
  - The latch keeps every VirtualMachineInstance of the plan from being created at a site, whoever asks.
  - >-
    It is a ValidatingAdmissionPolicy over the VMs of the plan, or a ResourceQuota in the namespaces of the plan
    where the site serves no policies.
  - Its effect is proven by a server-side dry run before the module returns.
  - It opens at the target of the run after both sites were observed again and every volume was compared, or at the
    source to which a failed planned move gives everything back.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  state:
    description: What the latch is to be.
    type: str
    choices: [closed, open]
    required: true
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
  - ocpvirt.dr._site
"""

EXAMPLES = r"""
- name: Close the latch at the target
  ocpvirt.dr.latch:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
    site: west
    state: closed
"""

RETURN = r"""
closed:
  description: Whether the latch is closed now.
  returned: success
  type: bool
  sample: true
site:
  description: The site.
  returned: success
  type: str
  sample: west
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, SITE, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.stop.latch_control import set_latch

SPEC = merge(PLAN, RUN, SITE, {"state": {"type": "str", "choices": ["closed", "open"], "required": True}})


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params
    run(
        module,
        lambda: set_latch(load_plan(given["plan"]), given["run_id"], given["site"], given["state"], module.check_mode),
    )


if __name__ == "__main__":
    main()
