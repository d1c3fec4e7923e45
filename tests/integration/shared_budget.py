# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several plans of VMs without volumes, off at east, that share the start budget of that site."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from demo.cluster import Cluster
from demo.lab import Lab
from demo.playbook import Played, play
from ocpvirt_lab import storm_plan
from ocpvirt_lab.site_client import SiteClient
from ocpvirt_lab.start_watch import StartWatch
from ocpvirt_lab.storm_fleet import Fleet

BUDGET = 8


@dataclass
class Sharing:
    """A fleet for each plan, and the plan in a file."""

    lab: Lab
    folder: Path
    budget: int = BUDGET

    def __post_init__(self) -> None:
        self.sites: dict[str, Any] = self.lab.environment()["sites"]
        self.kubeconfig = Path(self.sites["east"]["kubeconfig"])
        self.east = Cluster(self.kubeconfig)
        self.fleets: dict[str, Fleet] = {}

    def add(self, name: str, count: int, boot: tuple[float, float], **startup: Any) -> None:
        fleet = Fleet(SiteClient(self.kubeconfig), name, count, boot=boot)
        document = storm_plan.plan_document(fleet, self.sites, cap=count)
        document["sites"]["east"]["max_starting"] = self.budget
        document["startup"] |= startup
        self.plan_of(name).write_text(yaml.safe_dump(document))
        self.fleets[name] = fleet
        storm_plan.replicate(fleet, self.sites)
        fleet.create()

    def remove(self) -> None:
        for fleet in self.fleets.values():
            # the API server has closed a connection that was idle for so long
            fleet = replace(fleet, client=SiteClient(self.kubeconfig))
            fleet.stop()
            fleet.remove()
            storm_plan.end_replication(fleet, self.sites)

    def plan_of(self, name: str) -> Path:
        return self.folder / f"{name}.yml"

    def watched(self) -> StartWatch:
        return StartWatch(self.kubeconfig, list(self.fleets))

    def start(self, name: str) -> Played:
        return play("start", self._log(name), *self._options(name), show=False)

    def start_all(self, names: Sequence[str]) -> list[Played]:
        """At the same time."""
        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(self.start, names))

    def begin(self, name: str) -> subprocess.Popen[bytes]:
        with self._log(name).open("ab") as log:
            return subprocess.Popen(
                ["ansible-playbook", "ocpvirt.dr.start", *self._options(name)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def claim(self, name: str) -> dict[str, Any]:
        found = self.east.get("ConfigMap", "start-budget", "ocpvirt-dr")
        return json.loads(found["data"][name])

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _options(self, name: str) -> list[str]:
        return ["-e", f"dr_plan={self.plan_of(name)}", "-e", "dr_site=east"]


def kill(process: subprocess.Popen[bytes]) -> None:
    """The playbook and the module it runs, as when their container ends."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
