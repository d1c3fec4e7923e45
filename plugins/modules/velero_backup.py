#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: velero_backup
short_description: Take a capture, with Velero or to an export, or choose one
version_added: 0.1.0
description:
  - Takes a capture of everything the plan protects and judges it by its content.
  - >-
    With C(metadata.source) C(oadp) that is a metadata-only backup of Velero. With C(export) it is written from here
    to the directory or bucket that the plan names, both sites know it at once, and captures that the plan keeps no
    longer are removed. With C(vendor) or C(gitops) this module records at both sites what a product
    or Git has to bring.
  - >-
    A backup that lacks something its VMs need is marked incomplete, is never chosen, and makes the module fail
    with every finding.
  - Then it waits until the other site knows the backup, which Velero there looks for once a minute.
  - >-
    With O(state=chosen) it chooses the newest complete backup that the target of a run knows, judged by content
    too, after Velero there has read the object store once more. For a run that starts from a recovery point it is the
    first one that holds all of its clones, if the newest one holds them too. A group whose copy at the target ends
    before that capture has not brought them whole, and refuses the run, whatever loss was accepted.
  - >-
    A planned move takes one of its own (O(state=taken)) while its VMs work, and compares it once they are off
    (O(state=rechecked)). When VMs, volumes or what VMs refer to changed meanwhile, a new one is taken, which holds the
    VMs with the power state of before.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  state:
    description:
      - V(present) takes a new capture, V(chosen) chooses one for a run.
      - V(taken) takes one for a planned move, V(rechecked) compares it with the stopped source.
      - In check mode V(taken) chooses the newest one.
    type: str
    choices: [present, chosen, taken, rechecked]
    default: present
  site:
    description: Name of the site to capture. Required with O(state=present).
    type: str
  run_id:
    description: The run that the capture is for. Required unless O(state=present).
    type: str
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._wait
"""

EXAMPLES = r"""
- name: Take a capture at east
  ocpvirt.dr.velero_backup:
    plan: plans/payroll.yml
    site: east

- name: Choose the capture that a failover restores from
  ocpvirt.dr.velero_backup:
    plan: plans/payroll.yml
    state: chosen
    run_id: "{{ dr_run.run_id }}"
"""

RETURN = r"""
name:
  description: Name of the backup. Empty in check mode, when none was taken.
  returned: success
  type: str
  sample: payroll-east-20261122071500
complete:
  description: Whether it holds all that its VMs need.
  returned: when O(state=present)
  type: bool
  sample: true
created:
  description: When it was started.
  returned: when O(state) is V(chosen) or V(taken)
  type: str
  sample: '2026-11-22T07:15:00Z'
vms:
  description: Number of VMs.
  returned: when O(state) is not V(rechecked)
  type: int
  sample: 24
findings:
  description: >-
    What is noteworthy, such as newer backups that were skipped, or kinds that the backup lacks, each with its remedy.
    With O(state=rechecked) of the new backup, if one was taken.
  returned: success
  type: list
  elements: dict
  sample: []
drift:
  description: What changed at the source after the first capture. Not empty means that a new one was taken.
  returned: when O(state=rechecked)
  type: list
  elements: str
  sample: ['VirtualMachine/payroll/db-0 was changed: spec']
msg:
  description: The result in one line.
  returned: when O(state=rechecked)
  type: str
  sample: payroll-east-20261122071500 holds what is at east
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, WAIT, merge
from ..module_utils._operations.capture.capture import choose_capture, take_capture
from ..module_utils._operations.capture.move_capture import capture_for_move, recheck_capture
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan

SPEC = merge(
    PLAN,
    WAIT,
    {
        "state": {"type": "str", "choices": ["present", "chosen", "taken", "rechecked"], "default": "present"},
        "site": {"type": "str"},
        "run_id": {"type": "str"},
    },
)
OF_RUN = {"taken": capture_for_move, "rechecked": recheck_capture}
REQUIRED_IF = [
    ("state", "present", ("site",)),
    *(("state", state, ("run_id",)) for state in ("chosen", "taken", "rechecked")),
]


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    given = module.params

    def operate() -> dict[str, object]:
        plan = load_plan(given["plan"])
        if given["state"] == "chosen":
            return choose_capture(plan, given["run_id"], module.check_mode)
        if given["state"] in OF_RUN:
            return OF_RUN[given["state"]](plan, given["run_id"], given["wait_timeout"], module.check_mode)
        return take_capture(plan, plan.site(given["site"]).name, given["wait_timeout"], module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
