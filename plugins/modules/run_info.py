#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: run_info
short_description: Show the last runs of a plan, and one of them with all that was measured
version_added: 0.1.0
description:
  - Reads what both sites recorded of the runs of a plan. A site that does not answer hides the runs towards it and
    stops nothing. Nothing is changed.
  - The lists are cut so that the result stays below 64 KB. M(ocpvirt.dr.run_report) writes the whole.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
options:
  run_id:
    description: The run to show. By default it is the last one that was no refresh of a stage.
    type: str
  last:
    description: How many of the last runs are listed.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: Look at the last run
  ocpvirt.dr.run_info:
    plan: plans/payroll.yml
  register: payroll

- name: Show what did not start, and why
  ansible.builtin.debug:
    msg: "{{ payroll.run.vms | selectattr('state', 'eq', 'failed') }}"
"""

RETURN = r"""
runs:
  description:
    - The last runs, oldest first, refreshes of a stage left out.
    - C(seconds) is how long the run took. C(lost_seconds) is the largest loss of a group, V(null) where nothing was
      promoted or a loss is not known, and C(rto_seconds) the longest time that something was away, V(null) where
      nothing was started.
  returned: success
  type: list
  elements: dict
  sample:
    - run_id: payroll-failover-west-20260301120000-3f9a
      attempt: 1
      state: done
      operation: failover
      source: east
      target: west
      started: '2026-03-01T12:00:00.000+00:00'
      ended: '2026-03-01T12:01:30.000+00:00'
      fence_debt: null
      recovery_point: null
      seconds: 90.0
      lost_seconds: 5.0
      rto_seconds: 40.0
run:
  description: One run. Empty when none was named and there is none.
  returned: success
  type: dict
  contains:
    run_id:
      description: Its id.
      type: str
      sample: payroll-failover-west-20260301120000-3f9a
    plan:
      description: Name of the plan.
      type: str
      sample: payroll
    operation:
      description: What it did. A failback is a V(relocate).
      type: str
      sample: failover
    source:
      description: The site that was left.
      type: str
      sample: east
    target:
      description: The site of the plan afterwards, or the one where it was started or stopped.
      type: str
      sample: west
    attempt:
      description: How often it was begun.
      type: int
      sample: 1
    state:
      description: V(running), V(waiting) at a gate, V(failed), V(done) or V(rolled_back).
      type: str
      sample: done
    started:
      description: When the first attempt began.
      type: str
      sample: '2026-03-01T12:00:00.000+00:00'
    ended:
      description: When it ended, V(null) before that.
      type: str
      sample: '2026-03-01T12:01:30.000+00:00'
    seconds:
      description: How long it took, V(null) before it ended.
      type: float
      sample: 90.0
    format:
      description: Number of this shape. It grows when something is renamed or removed.
      type: int
      sample: 1
    fingerprint:
      description: That of the plan when the run began.
      type: str
      sample: f00d
    approved:
      description: The fingerprint of the world that was approved, V(null) where nobody was asked.
      type: str
      sample: null
    declared_lost:
      description: The site that was declared lost.
      type: str
      sample: east
    waived_fencing:
      description: Why the proof of fencing was waived, V(null) where it was not.
      type: str
      sample: null
    recovery_point:
      description: The recovery point whose clones VMs started from, V(null) with the newest copies.
      type: str
      sample: null
    fence_debt:
      description: What was not proven about the lost site, V(null) without a debt.
      type: str
      sample: null
    source_state:
      description: Whether the source answered when the last attempt began.
      type: str
      sample: unreachable
    source_last_seen:
      description: Its newest sign of life, or of data that came from it.
      type: str
      sample: '2026-03-01T11:59:58.000+00:00'
    capture:
      description: What was restored, and when that was captured.
      type: dict
      sample: {name: payroll-1, created: '2026-03-01T11:50:00.000+00:00'}
    losses:
      description: Per group what was lost (RPO), as M(ocpvirt.dr.run) returns it.
      type: list
      elements: dict
      sample:
        - group: payroll
          nothing: false
          last_sync: '2026-03-01T11:59:55.000+00:00'
          seconds: 5.0
          exact: true
          message: >-
            payroll: what east wrote after 2026-03-01T11:59:55.000+00:00 is lost (5 s before the run began; when east
            stopped writing is not known)
    rto:
      description:
        - How long what got ready was away, in seconds, over all of it. C(since) is the moment from which that counts.
        - Without anything that got ready there are only C(since) and C(since_what).
      type: dict
      sample:
        since: '2026-03-01T12:00:00.000+00:00'
        since_what: the run began
        count: 1
        median: 40.0
        p90: 40.0
        longest: 40.0
    vms:
      description:
        - What did not start first, then those that were away longest, workloads among them.
        - C(state) is V(ready), V(failed), V(in flight) or V(no time recorded), which is what was off before, was up
          already, or did not begin.
        - C(asked) is when it was asked to start, C(boot_seconds) how long it took from then, C(rto_seconds) the time
          that it was away (RTO). C(reason) is there for those that failed.
      type: list
      elements: dict
      sample:
        - name: payroll/db-0
          kind: vm
          state: ready
          asked: '2026-03-01T12:00:10.000+00:00'
          boot_seconds: 30.0
          rto_seconds: 40.0
    vms_total:
      description: How many there are, whatever the list leaves out.
      type: int
      sample: 1
    volumes_total:
      description: How many volumes were made or compared at the target.
      type: int
      sample: 1
    steps:
      description: The steps in order, each as its last attempt left it, with its duration in seconds.
      type: list
      elements: dict
      sample:
        - name: start
          state: done
          attempt: 1
          started: '2026-03-01T12:00:10.000+00:00'
          seconds: 70.0
          summary: {ready: 1}
    findings:
      description: What the steps found, each with its remedy.
      type: list
      elements: dict
      sample: []
    decisions:
      description: What the steps decided, the first ones of each.
      type: list
      elements: dict
      sample: []
    fencing:
      description: What proves that the lost site cannot write, and what is not proven.
      type: dict
      sample: {proofs: [], refusals: []}
    hooks:
      description: What the hooks of waves said. Of these no times are recorded.
      type: list
      elements: dict
      sample: [{name: wave databases, state: passed, started: null, seconds: null, error: ''}]
    rehearsal:
      description:
        - Of a V(test_failover) its verdict, V(passed) or V(failed), the reasons of the latter, the recovery point that
          it tried, as in RV(ocpvirt.dr.verification#module:rehearsal.recovery_point), and the oldest copies that it
          ran on, with the moment of their data, V(null) where the product does not say it.
        - Empty for other runs. Their C(rto_seconds) are real, those of a rehearsal what a failover would take.
      type: dict
      sample: {}
    recorded_at:
      description: The site whose record this is.
      type: str
      sample: west
    unread:
      description: Parts of the record that could not be read, and why.
      type: dict
      sample: {}
unread:
  description: Sites whose runs are not known, and why.
  returned: success
  type: dict
  sample: {east: 'unreachable: timed out'}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.report.whole_run import run_info

SPEC = merge(PLAN, {"run_id": {"type": "str"}, "last": {"type": "int", "default": 10}})


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params
    run(module, lambda: run_info(load_plan(given["plan"]), given["run_id"] or None, given["last"]))


if __name__ == "__main__":
    main()
