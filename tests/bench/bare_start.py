# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that a start can cost: a process that sends one request for each VM, in no order and with no cap."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.bench.module_process import environment
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import Planned
from ocpvirt_lab.site_client import SiteClient
from ocpvirt_lab.storm_fleet import Fleet
from ocpvirt_lab.storm_instant import InstantVms

READY_WITHIN = 900


@dataclass(frozen=True)
class Bare:
    """seconds: until every VM is ready; of the process that asked for them, those of the processor, and its memory."""

    seconds: float
    processor: float
    megabytes: float


def started_bare(planned: Planned) -> Bare:
    """VMs that boot at once."""
    fleet = planned.fleet
    words = [sys.executable, "-m", __name__, str(planned.kubeconfig), fleet.namespace, str(fleet.count)]
    with InstantVms(fleet) as vms:
        began = time.monotonic()
        process = subprocess.Popen(words, env=environment())
        _pid, status, usage = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"the bare client ended with exit status {status}")
        vms.await_all(READY_WITHIN)
        seconds = time.monotonic() - began
    return Bare(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    kubeconfig, namespace, count = sys.argv[1:]
    Fleet(SiteClient(Path(kubeconfig)), namespace, int(count)).start_at_once()
