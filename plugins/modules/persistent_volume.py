#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: persistent_volume
short_description: Create the volumes of a capture at the target
version_added: 0.1.0
description:
  - >-
    Decides for every claim of the run's capture which PersistentVolume and PersistentVolumeClaim the target gets,
    by the rules of the plan.
  - >-
    Closes the latch of the plan, creates them bound to each other, waits until they are Bound, and compares each
    with the decision as read back
    from the API server.
  - >-
    Existing objects are used when they are equal and refused with the difference when they are not. A Released volume
    with the same data whose claim is gone is bound anew.
  - A volume that no rule matches, or that would still name the other site, is refused before anything is created.
  - >-
    With C(metadata.source) C(vendor) a product brings them: those that are there already are verified, the namespaces
    are made, and what is absent is awaited by M(ocpvirt.dr.velero_restore), after the promotion.
  - >-
    With C(metadata.gitops.volumes.commit) in the plan they are written to a checkout of Git on the controller,
    committed and pushed. Somebody else brings them to the target; the module waits for that, and compares them alike.
    It needs the program C(git).
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._run
  - ocpvirt.dr._wait
attributes:
  diff_mode:
    description: Returns the files that are committed, the first 20 of them, as a difference.
    support: partial
    details:
      - With C(metadata.gitops.volumes.commit) in the plan only.
"""

EXAMPLES = r"""
- name: Create the volumes
  ocpvirt.dr.persistent_volume:
    plan: plans/payroll.yml
    run_id: "{{ dr_run.run_id }}"
"""

RETURN = r"""
volumes:
  description: Number of volumes.
  returned: success
  type: int
  sample: 24
created:
  description: Number of claims for which something had to be created, by the module or by who brings the commit.
  returned: success
  type: int
  sample: 24
rebound:
  description: Number of volumes that were at the target, with the same data, and were bound anew to their claim.
  returned: success
  type: int
  sample: 0
commit:
  description: What was committed for the volumes.
  returned: with C(metadata.gitops.volumes.commit) in the plan
  type: dict
  contains:
    id:
      description: The last commit of the checkout, which holds the volumes. Empty in check mode.
      type: str
    written:
      description: Number of files that were written.
      type: int
    removed:
      description: Number of files that were removed, of volumes that the plan has no more.
      type: int
    pushed:
      description: Whether something was pushed.
      type: bool
  sample: {id: 8f3c0ad1b7a2f6a4a7c3a1f0d5f4f8b0c6d1e2f3, written: 24, removed: 0, pushed: true}
decisions:
  description: Per claim the reasons of the decision, for the first 200 claims. All are in the run store.
  returned: success
  type: list
  elements: dict
  sample: [{claim: payroll/db-0, reasons: ['rule 0 matches nfs 10.77.0.12:/exports/payroll/db-0']}]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, RUN, WAIT, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.restore.restore_step import bring_volumes

SPEC = merge(PLAN, RUN, WAIT)


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params
    run(
        module,
        lambda: bring_volumes(load_plan(given["plan"]), given["run_id"], given["wait_timeout"], module.check_mode),
    )


if __name__ == "__main__":
    main()
