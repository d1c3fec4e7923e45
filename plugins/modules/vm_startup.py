#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: vm_startup
short_description: Start the VMs and workloads of a plan, throttled and in order
version_added: 0.1.0
description:
  - >-
    Starts at the target of a run what ran at the source, in waves, with at most C(startup.max_starting) VMs and
    workloads in flight. What is not in the capture of the run stays as it is.
  - >-
    With C(sites.<site>.max_starting) all plans that start at the site at once share that many places, by
    C(startup.priority). The run's part is kept in the ConfigMap C(start-budget) in the namespace C(ocpvirt-dr) there.
  - Each VM gets its own runStrategy back, each workload its replicas. What was off stays off.
  - A workload is ready when all of its replicas are available, a CronJob or Job as soon as it is not suspended.
  - >-
    A VM is ready when its VMI is, its guest agent is connected, its probes were answered, and all of that has held for
    its delay, as far as C(startup.readiness), its wave or its annotation C(dr.ocpvirt.io/readiness) ask for it.
    Probes go from where the module runs to the address that the VMI shows.
  - >-
    C(startup.caps) limits those in flight on one node, of one storage class, consistency group or namespace besides.
    While the site does not keep up fewer are in flight, see RV(pace).
  - >-
    A VM or workload that is not ready in time frees its slot. It is asked again as C(startup.retries) says, and
    reported in the end. It does not make the module fail.
  - >-
    Where a wave has a hook, the module returns when the wave has ended, with RV(waiting_hook), and is called again with
    O(hook). The role P(ocpvirt.dr.start#role) does that.
  - Both sites and all volumes are observed again before anything is started.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  site:
    description: The site. The target of the run by default, its source when a planned move gives everything back.
    type: str
  open_gates:
    description:
      - Names of waves with C(gate) that may begin.
      - At the first other one the start ends as done, with its name in RV(waiting_gate).
      - A gate that was opened stays open for the run. A name without a gate is refused.
      - At the source, where a planned move gives everything back, all gates are open.
    type: list
    elements: str
    default: []
  only:
    description:
      - Start nothing but these, after an earlier start left them.
      - Names as in RV(failures), C(namespace/name) of a VM or C(kind/namespace/name) of a workload.
      - Others are counted as they are. All of the plan is started when the list is empty.
    type: list
    elements: str
    default: []
  hook:
    description:
      - The outcome of the hook that the call before returned as RV(waiting_hook).
      - Without it the call only returns RV(waiting_hook) again.
    type: dict
    suboptions:
      wave:
        description: Its wave, as RV(waiting_hook) names it.
        type: str
        required: true
      passed:
        description: Whether the wave is ready. If not, C(startup.on_failure) says whether the start goes on.
        type: bool
        required: true
      reason:
        description: Why it is not.
        type: str
        default: ''
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
  - ocpvirt.dr._round
"""

EXAMPLES = r"""
- name: Start in rounds of 25 seconds, so that the job log speaks
  ocpvirt.dr.vm_startup:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
    round_timeout: 25
  register: startup
  until: startup is failed or startup.done or startup.waiting_hook is not none
  retries: 1000
  delay: 0

- name: Start only what failed before
  ocpvirt.dr.vm_startup:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
    only: [payroll/db-0]
"""

RETURN = r"""
done:
  description:
    - Whether every wave is done that can be, as after a failure or at a closed gate none begins.
    - Not while there are records to be taken off what is up, which the next call goes on with.
  returned: success
  type: bool
  sample: true
total:
  description: Number of VMs and workloads that are to run.
  returned: success
  type: int
  sample: 22
ready:
  description: Number of those that are ready.
  returned: success
  type: int
  sample: 22
in_flight:
  description: Number of those that were asked to start and are not yet ready.
  returned: success
  type: int
  sample: 0
peak_in_flight:
  description: The highest number in flight in this call.
  returned: success
  type: int
  sample: 8
pace:
  description: >-
    What became of the pace in this run. C(limit), how many might be in flight at the end and C(lowest), at the least;
    C(slower) and C(faster), how often it was halved and how often it got a step faster.
  returned: success
  type: dict
  sample: {limit: 40, lowest: 20, slower: 1, faster: 10}
retried:
  description: How many more requests were made for what was not ready in time.
  returned: success
  type: int
  sample: 0
not_started:
  description: Number of those that did not get ready in time.
  returned: success
  type: int
  sample: 0
left_out:
  description: Number of those that O(only) leaves as they are and that are not ready.
  returned: success
  type: int
  sample: 0
failures:
  description:
    - >-
      What did not get ready, as C(vm) or C(workload), each with the reason. The first 200, as far as 25 KB go;
      RV(not_started) counts all of them, and M(ocpvirt.dr.vm_info) lists what is not ready.
    - >-
      Also what is up, or stays off, and from which the record of what it was could not be taken, as a webhook refused
      it. The next start tries that again.
    - >-
      Of a VM also C(printable_status), C(phase) of its VMI, C(conditions) that say why, and the newest warnings
      (C(events)) about it, its launcher and its volumes. A C(wave) whose hook did not pass stands there too.
  returned: success
  type: list
  elements: dict
  sample:
    - vm: payroll/db-0
      reason: 'not ready after 300 s; VM ErrorUnschedulable, VMI Scheduling: 0/3 nodes are available'
      printable_status: ErrorUnschedulable
      phase: Scheduling
      conditions: ['PodScheduled is False: 0/3 nodes are available']
      events: ['FailedScheduling on Pod/virt-launcher-db-0-x7x2p: 0/3 nodes are available']
retry:
  description:
    - >-
      The command that starts only what failed, and what did not begin because of it, as the next attempt of the run.
      None if there is nothing.
    - >-
      Where that is more than 100 or 8 KB it names none of them, as a plain start starts whatever is not up; with
      O(only) it names the first of them. RV(msg) says so.
  returned: success
  type: str
  sample: >-
    ansible-playbook ocpvirt.dr.relocate -e dr_plan=plans/payroll.yml -e dr_target=west
    -e '{"dr_only": ["payroll/db-0"]}'
waiting_hook:
  description:
    - The hook that has to judge before the start goes on; none where none has. RV(done) is false then.
    - >-
      C(wave), the C(file) of its tasks as the plan names it, its C(timeout) in seconds, and the first C(keys) of the
      wave that are ready and those that are C(not_ready).
  returned: success
  type: dict
  sample: {wave: databases, file: hooks/databases.yml, timeout: 300, keys: [payroll/db-0], not_ready: []}
never_begun:
  description: >-
    What was not asked to start, as C(vm) or C(workload), each with the reason, such as what it needs and is not ready,
    a failure that stopped its wave or the start, or a closed gate. The first 200, as far as 10 KB go.
  returned: success
  type: list
  elements: dict
  sample: [{vm: payroll/web-0, reason: 'needs payroll/db-0, which is not ready'}]
waiting_gate:
  description: The closed gate that the start ended at, empty without one. In check mode the first closed one.
  returned: success
  type: str
  sample: ''
stays_off:
  description: Number of VMs and workloads that stay off, because they were off or are annotated so.
  returned: success
  type: int
  sample: 2
off_again:
  description: >-
    Of these what was ready in this start and is off again by now, because somebody stopped it or its guest shut down:
    C(vm) or C(workload), each with the reason. It stays as it was left, and is no failure. The first 200.
  returned: success
  type: list
  elements: dict
  sample: [{vm: payroll/web-1, reason: 'was ready in this start, is off again (Halted) and stays off'}]
waves:
  description: The waves in their order with the number of their VMs, and of their workloads if they have any.
  returned: success
  type: list
  elements: dict
  sample: [{name: 'databases, priority 1', vms: 4}]
msg:
  description: The result in one line.
  returned: success
  type: str
  sample: 22 of 22 VMs ready, 0 not started
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, ROUND, RUN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.start.asked import asked_of
from ..module_utils._operations.start.startup import start_vms

OWN = {
    "site": {"type": "str"},
    "open_gates": {"type": "list", "elements": "str", "default": []},
    "only": {"type": "list", "elements": "str", "default": []},
    "hook": {
        "type": "dict",
        "options": {
            "wave": {"type": "str", "required": True},
            "passed": {"type": "bool", "required": True},
            "reason": {"type": "str", "default": ""},
        },
    },
}


def main() -> None:
    spec = merge(PLAN, RUN, ROUND, OWN)
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    given = module.params

    def operate() -> dict[str, object]:
        plan = load_plan(given["plan"])
        site = plan.site(given["site"]).name if given["site"] else None
        asked = asked_of(given)
        return start_vms(plan, given["run_id"], given["round_timeout"], module.check_mode, site, asked)

    run(module, operate)


if __name__ == "__main__":
    main()
