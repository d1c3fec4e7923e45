#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: run_report
short_description: Write the report of a run as a page and as JSON
version_added: 0.1.0
description:
  - Reads what a run recorded and writes two files where the module runs, named by the run.
  - The HTML page needs nothing else, neither a script nor anything from elsewhere. It shows the steps and the VMs over
    time, how many were in flight against the cap, what was lost per group, how long each VM was away, what failed,
    findings, hooks and decisions. Long lists are cut, and say so.
  - The JSON file has everything, in the shape of RV(ocpvirt.dr.run_info#module:run), with the curve and the volumes.
  - The sites are only read. One that does not answer hides the runs towards it.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
options:
  run_id:
    description: The run. By default it is the last one that was no refresh of a stage.
    type: str
  folder:
    description:
      - Where to write. It is made if it is absent.
      - A relative path starts where Ansible runs modules, which is the folder of the playbook.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Write the report of the last run
  ocpvirt.dr.run_report:
    plan: plans/payroll.yml
    folder: "{{ '.' | realpath }}/reports"
"""

RETURN = r"""
run_id:
  description: The run.
  returned: success
  type: str
  sample: payroll-failover-west-20260301120000-3f9a
state:
  description: How it ended, or that it is V(running).
  returned: success
  type: str
  sample: done
html:
  description: The page.
  returned: success
  type: str
  sample: /home/operator/reports/payroll-failover-west-20260301120000-3f9a.html
json:
  description: The JSON file.
  returned: success
  type: str
  sample: /home/operator/reports/payroll-failover-west-20260301120000-3f9a.json
msg:
  description: The result in one line.
  returned: success
  type: str
  sample: >-
    report of run payroll-failover-west-20260301120000-3f9a, done:
    /home/operator/reports/payroll-failover-west-20260301120000-3f9a.html
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.report.files import write_report

SPEC = merge(PLAN, {"run_id": {"type": "str"}, "folder": {"type": "path", "required": True}})


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params
    run(
        module,
        lambda: write_report(load_plan(given["plan"]), given["run_id"] or None, given["folder"], module.check_mode),
    )


if __name__ == "__main__":
    main()
