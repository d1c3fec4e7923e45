#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: velero_restore
short_description: Restore everything of a capture but its volumes
version_added: 0.1.0
description:
  - >-
    Velero, or with C(metadata.source) C(export) this module, restores all but volumes, VMs, workloads, DataVolumes and
    snapshots. Then the VMs are created by this module, halted, and the workloads, at zero replicas or suspended.
  - >-
    Each VM carries its own runStrategy and power state in the annotation C(dr.ocpvirt.io/recorded), each workload its
    replicas. VMs import nothing.
  - >-
    A VM or workload that is there already, stopped by an earlier run of the plan, and every other object of the plan is
    updated to what the capture says. The site where the plan ran last wins.
  - >-
    Where an object of a captured name is not of the plan, nothing that exists is updated but VMs and workloads, and
    RV(decisions) names it.
  - Volumes must be there before (M(ocpvirt.dr.persistent_volume)).
  - >-
    With C(metadata.source) C(vendor) or C(gitops) a product or Git brings all: this module halts VMs as they come, with
    the recorded power state written on them, waits until all that was recorded is there, and verifies every volume.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
  - ocpvirt.dr._wait
"""

EXAMPLES = r"""
- name: Restore the rest
  ocpvirt.dr.velero_restore:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
"""

RETURN = r"""
restored:
  description: What the metadata source reported, as counts of items, warnings and errors.
  returned: success
  type: dict
  sample: {items: 31, warnings: 0, errors: 0}
vms:
  description: Number of VMs in the capture.
  returned: success
  type: int
  sample: 24
vms_created:
  description: Number of VMs that had to be created.
  returned: success
  type: int
  sample: 24
vms_updated:
  description: Number of VMs that were there from an earlier stay of the plan.
  returned: success
  type: int
  sample: 0
workloads:
  description: Number of workloads in the capture that the plan moves.
  returned: success
  type: int
  sample: 3
workloads_created:
  description: Number of workloads that had to be created.
  returned: success
  type: int
  sample: 3
workloads_updated:
  description: Number of workloads that were there from an earlier stay of the plan.
  returned: success
  type: int
  sample: 0
decisions:
  description: What was found at the target and what became of it. The first 200; what is created anew is not listed.
  returned: success
  type: list
  elements: str
  sample: ['VirtualMachine/payroll/db-0 is adopted: it is as captured']
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, WAIT, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.restore.restore_step import bring_metadata

SPEC = merge(PLAN, RUN, WAIT)


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params
    run(
        module,
        lambda: bring_metadata(load_plan(given["plan"]), given["run_id"], given["wait_timeout"], module.check_mode),
    )


if __name__ == "__main__":
    main()
