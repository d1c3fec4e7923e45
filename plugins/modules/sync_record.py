#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: sync_record
short_description: Keep the last syncs that only a primary tells
version_added: 0.1.0
description:
  - Asks the site where the plan lives for the last sync of each group, and keeps it at both sites.
  - Some products, such as csi-addons, tell it at the primary only. After a sudden loss of that site, a failover says by
    this record until when everything has arrived. It is as good as it is fresh, so let it run every few minutes.
  - A record is replaced by a newer one only. Replication and VMs are not touched, and no lock is taken.
author:
  - The ocpvirt.dr authors (@ocpvirt)
extends_documentation_fragment:
  - ocpvirt.dr._attributes
  - ocpvirt.dr._plan
"""

EXAMPLES = r"""
- name: Keep what the primary says of its replication
  ocpvirt.dr.sync_record:
    plan: plans/payroll.yml
"""

RETURN = r"""
sites:
  description: The sites at which something newer was kept.
  returned: success
  type: list
  elements: str
  sample: [east, west]
syncs:
  description: What the primary says, per group that it says something of.
  returned: success
  type: list
  elements: dict
  sample:
    - group: payroll
      primary: east
      last_sync: '2026-11-22T07:17:58+00:00'
      seen_at: '2026-11-22T07:18:05+00:00'
unknown:
  description: Groups of which the primary tells no last sync.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._argspec import PLAN
from ..module_utils._operations.entry import run
from ..module_utils._operations.plan.plan_source import load_plan
from ..module_utils._operations.protect.sync_record import record_syncs


def main() -> None:
    module = AnsibleModule(argument_spec=PLAN, supports_check_mode=True)
    run(module, lambda: record_syncs(load_plan(module.params["plan"]), module.check_mode))


if __name__ == "__main__":
    main()
