#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: velero_restore
short_description: Restore everything of a capture but its volumes
version_added: 0.1.0
description:
  - Velero restores all but volumes, VMs, DataVolumes and snapshots. Then the VMs are created by this module, halted.
  - >-
    Each VM carries its own runStrategy and power state in the annotation C(dr.ocpvirt.io/recorded), and imports
    nothing.
  - Volumes must be there before (M(ocpvirt.dr.persistent_volume)).
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  capture:
    description: Name of the backup to restore from.
    type: str
    required: true
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
    capture: payroll-east-20261122071500
"""

RETURN = r"""
restored:
  description: What Velero reported, as counts of items, warnings and errors.
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
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, WAIT, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan_source import load_plan
from ..module_utils._operations.restore import restore_metadata

SPEC = merge(PLAN, RUN, WAIT, {"capture": {"type": "str", "required": True}})


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params
    run(
        module,
        lambda: restore_metadata(
            load_plan(given["plan"]), given["run_id"], given["capture"], given["wait_timeout"], module.check_mode
        ),
    )


if __name__ == "__main__":
    main()
