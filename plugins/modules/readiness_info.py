#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: readiness_info
short_description: Find what would stop a failover of a plan
version_added: 0.1.0
description:
  - >-
    Looks at both sites, the replication, every volume, the newest capture, and at what is known to go wrong with
    VMs that are moved, and returns every finding with its remedy.
  - >-
    Foresees a start of the plan at the other site: how long it takes, how much is in flight, and which limit binds.
  - Nothing is changed.
  - A blocker keeps the plan from being moved safely.
options:
  pv_patch_preview:
    description:
      - >-
        Claims whose volumes RV(pv_patch_preview) shows one by one, as a pattern of C(namespace/name) with V(*) and
        V(?), such as V(payroll/db-*). V(*) shows all, an empty text none.
    type: str
    default: ''
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
"""

EXAMPLES = r"""
- name: Is the plan ready
  ocpvirt.dr.readiness_info:
    plan: plans/payroll.yml
  register: readiness
  failed_when: not readiness.ready

- name: What would be patched of the databases' volumes
  ocpvirt.dr.readiness_info:
    plan: plans/payroll.yml
    pv_patch_preview: payroll/db-*
  register: databases
"""

RETURN = r"""
ready:
  description: Whether there is no blocker.
  returned: success
  type: bool
  sample: false
score:
  description: 0 to 100. 25 less for each kind of blocker, 5 less for each kind of warning.
  returned: success
  type: int
  sample: 75
lives_at:
  description:
    - The site where every group is primary; of two, the one that the plan was moved to last.
    - Empty when there is no such site, or the one that the plan was moved to last gives no answer.
  returned: success
  type: str
  sample: east
blockers:
  description: Number of blockers.
  returned: success
  type: int
  sample: 1
findings:
  description:
    - The findings, blockers first. Of each code the first 20, then one that says how many more there are.
    - C(docs/findings.md) of the collection lists all codes.
  returned: success
  type: list
  elements: dict
  contains:
    severity:
      description: V(blocker), V(warning) or V(info).
      type: str
      sample: blocker
    code:
      description: A stable name of the kind of finding.
      type: str
      sample: ReclaimPolicy
    "on":
      description: The object, as kind/namespace/name.
      type: str
      sample: PersistentVolume/pv-db-0
    message:
      description: What is wrong.
      type: str
      sample: 'Delete: a deleted claim takes its data along'
    remedy:
      description: What to do.
      type: str
      sample: run protect
    site:
      description: The site, V(null) when it concerns both.
      type: str
      sample: east
start_forecast:
  description:
    - >-
      A start at the site to which a move would bring the plan, simulated with the plan's waves and limits, the room of
      its nodes and quotas, and the boot times that the newest measured start recorded.
    - Empty when that site could not be asked, or the order of the start is refused.
    - C(docs/forecast.md) of the collection says what is counted.
  returned: success
  type: dict
  contains:
    site:
      description: The site.
      type: str
      sample: west
    total:
      description: Number of VMs and workloads that would be started.
      type: int
      sample: 120
    ready:
      description: How many of them would become ready.
      type: int
      sample: 120
    seconds:
      description: Seconds until the last one is ready, or given up.
      type: int
      sample: 335
    peak_in_flight:
      description: At most so many are asked to start and not yet ready.
      type: int
      sample: 20
    binding:
      description:
        - >-
          The limit that binds. What keeps something from starting goes first, V(quota), V(memory), V(cpu), V(pods),
          V(kvm), V(attachments), V(nodes) or the name of another resource of nodes.
        - >-
          Else the one that costs most time, V(plan_cap) (C(startup.max_starting)), V(site_budget) (C(max_starting) of
          the site), V(controller_qps) (the rate of virt-controller's requests), a name of C(startup.caps) such as
          V(per_node), or V(boot_times) when it is no limit.
      type: str
      sample: plan_cap
    boot:
      description: Seconds from asked to ready, RV(start_forecast.boot.source) says where they are from.
      type: dict
      contains:
        median:
          description: Half of the starts were faster.
          type: float
          sample: 42.0
        p90:
          description: Nine of ten starts were faster.
          type: float
          sample: 75.5
        source:
          description: The run that measured them, or that they are assumed.
          type: str
          sample: run payroll-failover-west-20260301120000-1a2b, 118 starts
    nodes:
      description: Number of nodes that are ready and take pods.
      type: int
      sample: 3
    msg:
      description: The forecast in a sentence.
      type: str
      sample: >-
        120 to start at west: about 5m35s, at most 20 in flight; startup.max_starting of the plan (20) binds: without it
        2m2s; boot times 42 s (median) and 75.5 s (p90), run payroll-failover-west-20260301120000-1a2b, 118 starts
pv_patches:
  description: What the plan's rules patch of the volumes for the other site, per rule.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: Number of the rule in the plan, from 0.
      type: int
      sample: 0
    volumes:
      description: Number of volumes that it decides.
      type: int
      sample: 24
    changes:
      description: Per field its value now and then for the first of them, and whether each has values of its own.
      type: list
      elements: str
      sample: ['nfs.server: 192.0.2.10 -> 198.51.100.10 (rule 0)']
pv_patch_preview:
  description: The same for the volumes of the claims that O(pv_patch_preview) chooses, one by one, up to 16 KB.
  returned: success
  type: list
  elements: dict
  contains:
    claim:
      description: The claim, as namespace/name.
      type: str
      sample: payroll/db-0
    pv:
      description: Its PersistentVolume.
      type: str
      sample: pv-db-0
    rule:
      description: Number of the rule that decides.
      type: int
      sample: 0
    there:
      description:
        - >-
          What a move would do at the other site as it is now. V(created), V(used as it is) where equal objects are
          there, V(bound anew) where the volume is there and lost its claim, V(refused), or V(unknown) when the site
          could not be asked.
      type: str
      sample: created
    changes:
      description: Each field that changes, its value now and then, and what decides it.
      type: list
      elements: str
      sample:
        - 'nfs.server: 192.0.2.10 -> 198.51.100.10 (rule 0)'
        - 'nodeAffinity: {} -> (none) (it names nodes or zones of the other site)'
pv_patches_left_out:
  description: Number of chosen claims for which RV(pv_patch_preview) had no room. Choose fewer.
  returned: success
  type: int
  sample: 0
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, merge
from ..module_utils._operations.checks.readiness import readiness
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan

SPEC = merge(PLAN, {"pv_patch_preview": {"type": "str", "default": ""}})


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params
    run(module, lambda: readiness(load_plan(given["plan"]), given["pv_patch_preview"]))


if __name__ == "__main__":
    main()
