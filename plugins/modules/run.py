#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: run
short_description: Begin, resume or end a run on a plan
version_added: 0.1.0
description:
  - >-
    Begins a run: asks both sites, finds out where the plan lives, refuses what would break a promise, takes the
    lock of the plan and records the run at the target.
  - A rerun of the same operation towards the same target resumes the unfinished run as its next attempt.
  - It waits until the lock of the killed attempt has not been renewed for 30 seconds.
  - Where the plan is primary at the target already, or is up or off there already, nothing is begun and RV(needed) is
    V(false).
  - A planned move whose source was lost meanwhile goes on as a failover to the same target.
  - Ends a run, which closes its record and frees the lock.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  state:
    description:
      - V(begun) begins or resumes a run, the others end it.
      - A run that ended as V(failed) is resumed by the next one that begins.
      - So is one that ended as V(waiting), because its start came to a closed gate of a wave, or after O(until_step).
      - V(rolled_back) is a planned move that failed and whose source has everything again. It is not resumed.
    type: str
    choices: [begun, done, waiting, failed, rolled_back]
    default: begun
  operation:
    description:
      - What the run does.
      - V(failover) leaves a source that was declared lost.
      - V(relocate) is a planned move, for which both sites have to answer. V(failback) is one to the home of the plan.
      - V(reprotect) makes the site that the plan was moved away from a clean secondary.
      - V(prestage) brings the stage, at the site where the plan does not live, to the newest capture.
        It begins anew each time, and any other run takes its lock over.
      - V(test_failover) runs copies of the VMs apart from everything, at the site where the plan does not live.
        V(test_cleanup) removes them. Any other run takes their lock over too.
      - V(start) and V(stop) start and stop the plan at O(target) and move nothing. V(start) is refused unless the plan
        lives there. One that was killed is resumed by the same command, and any other run takes its lock over once it
        is not renewed any more.
    type: str
    choices: [failover, relocate, failback, reprotect, prestage, test_failover, test_cleanup, start, stop]
    default: failover
  target:
    description:
      - Name of the site that the plan is to live at.
      - Required to begin with O(operation=failover) and O(operation=relocate), and with O(operation=start) and
        O(operation=stop), where it is the site where to start or stop.
      - With O(operation=reprotect) it is the site where the plan lives, with O(operation=prestage) and
        O(operation=test_failover) the other one, with O(operation=test_cleanup) that of the last rehearsal.
        They are found out when it is not given.
    type: str
  declare_lost:
    description:
      - Name of the other site, when a person has decided that it is lost.
      - An unreachable site is not lost by itself. Without this decision a failover is refused, and so is a start.
    type: str
  waive_fencing:
    description:
      - Why the lost site is left unfenced, in words. It is recorded as a fence debt.
      - Needed only where the storage cannot prove that it refuses the lost site.
    type: str
  accept_loss:
    description:
      - What a failover may lose in time, such as V(30m), in place of the C(max_lag) of the plan. V(any) also where
        nobody knows how old the copy is.
      - A failover is refused when a copy ends longer than this before the last sign of life of the source.
      - The other operations lose nothing and do not look at it.
    type: str
  open_gates:
    description: Waves whose gate the start of the run may pass. A name without a gate is refused when the run begins.
    type: list
    elements: str
    default: []
  recovery_point:
    description:
      - Starts VMs from the clones of this recovery point, and sets the newest copies aside. With
        O(operation=failover), and with O(operation=test_failover) from copies of both.
      - A run that was killed is resumed with the same one.
    type: str
    default: ''
  fingerprint:
    description:
      - What was approved, as a run in check mode has shown it in RV(fingerprint). The run does not begin, and shows the
        differences, if the plan, the objects that it protects or the decisions are others now.
      - A run that was begun with it is resumed with it whatever the run itself has changed.
      - Empty where no approval is asked for.
    type: str
    default: ''
  steps:
    description:
      - The steps of the playbook in their order. The last one has to end the run.
      - Without them RV(steps) and RV(hooks) are empty.
    type: list
    elements: str
    default: []
  from_step:
    description:
      - The step to go on with. Refused when a step before it has not been done in this run.
      - Not with O(operation=prestage), which begins anew each time.
    type: str
  until_step:
    description:
      - The step after which the run is to wait. It is to be ended with O(state=waiting) then.
      - Not with O(operation=prestage).
    type: str
  run_id:
    description: The run to end. Required unless O(state=begun).
    type: str
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
"""

EXAMPLES = r"""
- name: Begin a failover to west
  ocpvirt.dr.run:
    plan: plans/payroll.yml
    operation: failover
    target: west
    declare_lost: east
  register: begun

- name: Begin one from a recovery point, as the newest copies were encrypted by somebody
  ocpvirt.dr.run:
    plan: plans/payroll.yml
    target: west
    declare_lost: east
    recovery_point: 20261121t040000z

- name: Begin what was approved, or nothing
  ocpvirt.dr.run:
    plan: plans/payroll.yml
    operation: relocate
    target: west
    fingerprint: "{{ approved_fingerprint }}"

- name: End it
  ocpvirt.dr.run:
    plan: plans/payroll.yml
    state: done
    run_id: "{{ begun.run_id }}"
"""

RETURN = r"""
run_id:
  description:
    - Names the run for all modules that work for it.
    - Empty when there is nothing to do and nothing was ever run.
  returned: success
  type: str
  sample: payroll-failover-west-20261122071800-3f9a
needed:
  description: Whether there is anything to do.
  returned: when a run begins
  type: bool
  sample: true
attempt:
  description: 1 for a new run, more for a resumed one.
  returned: success
  type: int
  sample: 1
source:
  description: The site that the plan leaves.
  returned: success
  type: str
  sample: east
target:
  description: The site that the plan moves to.
  returned: success
  type: str
  sample: west
source_state:
  description: What the source answered, V(reachable), V(unreachable), V(failed), or V(not asked).
  returned: when a run begins
  type: str
  sample: unreachable
source_message:
  description: Why the source is not reachable.
  returned: when a run begins
  type: str
  sample: ''
groups:
  description: Per site the state of each consistency group.
  returned: when a run begins
  type: dict
  sample: {east: [], west: []}
losses:
  description:
    - Per group what the switch loses. When a failover begins what it is going to lose, when a run ends what it lost.
    - C(nothing) says that nothing is lost, which a planned move proves. Else what was written after C(last_sync) is.
    - C(seconds) is the age of C(last_sync) when the source was last seen alive, or when the run began if it was silent.
    - C(exact) says that the promoted copy itself showed C(last_sync). Else the source did, and more may have arrived.
  returned: success
  type: list
  elements: dict
  sample:
    - group: payroll
      nothing: false
      last_sync: '2026-11-22T07:17:58+00:00'
      seconds: 2.0
      exact: true
      message: what east wrote after 2026-11-22T07:17:58+00:00 is lost
phase_after:
  description: The phase that the plan is in when the run is done, empty when there is nothing to do.
  returned: when a run begins
  type: str
  sample: failback_prep
recovery_point:
  description: From whose clones VMs start, V(null) with the newest copies.
  returned: success
  type: str
  sample: 20261121t040000z
fingerprint:
  description:
    - In check mode, what somebody may approve; the run then takes it as O(fingerprint).
    - Out of check mode the O(fingerprint) that was compared. Empty when none was, and when there is nothing to do.
  returned: when a run begins
  type: str
  sample: 11d3a4f7c9ab5e0c2f86e1d2b4a09d7e-7c0d0f6f8f2f5d7b0c6b1a3e9d4c2b1a-e3b0c44298fc1c149afbf4c8996fb924
gitops:
  description: Whether the plan names what syncs it from Git, which the run pauses and resumes.
  returned: when a run begins
  type: bool
  sample: false
go_on:
  description: The command that goes on after O(until_step), empty without it.
  returned: when a run begins
  type: str
  sample: ansible-playbook ocpvirt.dr.relocate -e dr_plan=plans/payroll.yml -e dr_target=west -e dr_from=recheck
roles:
  description: By step the role that does it. Its own, or C(step) where hooks are to run around it.
  returned: when a run begins
  type: dict
  sample: {quiesce: step, promote: promote}
hooks:
  description:
    - >-
      When a run begins, by moment the hooks of the plan that are to run in this attempt, with the C(file) of their
      tasks and their C(timeout) in seconds. Those that passed in an earlier attempt are left out, unless they are to
      run always.
    - When a run ends, a list of those that ran, each with its C(state), C(seconds) and C(error).
  returned: success
  type: raw
  sample:
    before_quiesce:
      - moment: before_quiesce
        tasks: hooks/drain.yml
        file: /home/dr/plans/hooks/drain.yml
        timeout: 300
        on_failure: fail
state:
  description: How the run ended.
  returned: when a run ends
  type: str
  sample: done
operation:
  description: What the run does. A failback is a V(relocate).
  returned: success
  type: str
  sample: failover
started:
  description: When the first attempt began.
  returned: when a run ends
  type: str
  sample: '2026-11-22T07:18:00.000+00:00'
ended:
  description: When the run ended.
  returned: when a run ends
  type: str
  sample: '2026-11-22T07:19:10.000+00:00'
fence_debt:
  description: What was not proven about the lost site, V(null) without a debt.
  returned: when a run ends
  type: str
  sample: its VMs were not observed to be off
steps:
  description:
    - When a run begins, the names of the steps to go through.
    - When a run ends, its steps in order, each with its C(state), C(attempt), C(started), C(seconds) and C(summary).
  returned: success
  type: list
  elements: raw
  sample: [{name: promote, state: done, seconds: 1.2}]
msg:
  description: The result in one line.
  returned: when a run begins
  type: str
  sample: payroll is primary at west already; nothing to do
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.run.asked import asked_of
from ..module_utils._operations.run.begin import begin_run
from ..module_utils._operations.run.end import end_run

MOVES = ["failover", "relocate", "failback", "reprotect"]
OPERATIONS = [*MOVES, "prestage", "test_failover", "test_cleanup", "start", "stop"]
ENDS = ["done", "waiting", "failed", "rolled_back"]
SPEC = merge(
    PLAN,
    {
        "state": {"type": "str", "choices": ["begun", *ENDS], "default": "begun"},
        "operation": {"type": "str", "choices": OPERATIONS, "default": "failover"},
        "target": {"type": "str"},
        "declare_lost": {"type": "str"},
        "waive_fencing": {"type": "str"},
        "accept_loss": {"type": "str"},
        "open_gates": {"type": "list", "elements": "str", "default": []},
        "recovery_point": {"type": "str", "default": ""},
        "fingerprint": {"type": "str", "default": ""},
        "steps": {"type": "list", "elements": "str", "default": []},
        "from_step": {"type": "str"},
        "until_step": {"type": "str"},
        "run_id": {"type": "str"},
    },
)
REQUIRED_IF = [("state", state, ("run_id",)) for state in ENDS]


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    given = module.params

    def operate() -> dict[str, object]:
        plan = load_plan(given["plan"])
        if given["state"] != "begun":
            return end_run(plan, given["run_id"], given["state"], module.check_mode)
        return begin_run(plan, asked_of(plan, given), module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
