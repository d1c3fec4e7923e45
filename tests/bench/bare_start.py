# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that a start can cost: a process that sends one request for each VM, in no order and with no cap."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.bench.module_process import environment
from ansible_collections.ocpvirt.dr.tests.bench.process_cost import Cost, measured
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import Planned
from ocpvirt_lab.site_client import SiteClient
from ocpvirt_lab.storm_fleet import Fleet
from ocpvirt_lab.storm_instant import InstantVms

READY_WITHIN = 900


def started_bare(planned: Planned) -> Cost:
    """VMs that boot at once; its seconds last until every one of them is ready."""
    fleet = planned.fleet
    words = [sys.executable, "-m", __name__, str(planned.kubeconfig), fleet.namespace, str(fleet.count)]
    with InstantVms(fleet) as vms:
        began = time.monotonic()
        status, _output, cost = measured(words, environment())
        if status:
            raise RuntimeError(f"the bare client ended with exit status {status}")
        vms.await_all(READY_WITHIN)
        return replace(cost, seconds=time.monotonic() - began)


if __name__ == "__main__":
    kubeconfig, namespace, count = sys.argv[1:]
    Fleet(SiteClient(Path(kubeconfig)), namespace, int(count)).start_at_once()
