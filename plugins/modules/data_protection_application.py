#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: data_protection_application
short_description: Configure OADP as a plan needs it
version_added: 0.1.0
description:
  - >-
    Creates OADP's DataProtectionApplication with the plug-ins openshift, kubevirt, aws and csi and the object store of
    the plan's C(metadata.oadp), and waits until the operator has configured Velero and Velero reaches the object store.
  - At a site without the operator nothing is done, and that is said.
  - >-
    An application that exists is never written. It is adopted when it has what the plan needs, and refused with every
    difference when not.
  - All sites are judged before any is written. OADP before 1.4.3 is refused where its version is visible.
  - The keys of the object store stay in a Secret of the site, which the plan names. Only its being there is looked at.
author:
  - The ocpvirt.dr authors (@ocpvirt)
options:
  sites:
    description: Names of the sites to configure. Both by default.
    type: list
    elements: str
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
  - ocpvirt.dr._wait
"""

EXAMPLES = r"""
- name: Configure OADP at both sites
  ocpvirt.dr.data_protection_application:
    plan: plans/payroll.yml
"""

RETURN = r"""
decisions:
  description: What becomes of each site, and why.
  returned: success
  type: list
  elements: str
  sample: ['west: it has no OADP operator: nothing is configured there']
sites:
  description:
    - Site name to what is there.
    - C(state) is V(created), V(adopted) or V(absent); the last means that the site has no operator.
    - C(version) is empty where it is not visible.
  returned: success
  type: dict
  sample:
    east:
      state: created
      application: ocpvirt-dr
      storage_location: default
      version: 1.5.1
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN, WAIT, merge
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.protect.data_protection import configure

SPEC = merge(PLAN, WAIT, {"sites": {"type": "list", "elements": "str"}})


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)

    def operate() -> dict[str, object]:
        plan = load_plan(module.params["plan"])
        sites = [plan.site(name).name for name in module.params["sites"] or plan.sites]
        return configure(plan, sites, module.params["wait_timeout"], module.check_mode)

    run(module, operate)


if __name__ == "__main__":
    main()
