# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of VMs on the lab, its plan, and its start by the modules that Ansible would run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.tests.bench.module_process import Ran, run_module
from demo.lab import Lab
from ocpvirt_lab import storm_plan
from ocpvirt_lab.site_client import SiteClient
from ocpvirt_lab.storm_fleet import Fleet
from ocpvirt_lab.storm_instant import WithoutWebhooks


def size(name: str, usual: int) -> int:
    """How many: the issue's number, or another one to try with, from BENCH_name."""
    return int(os.environ.get(f"BENCH_{name}", usual))


def sizes(name: str, usual: Sequence[int]) -> list[int]:
    """As `size`, for several numbers with commas between them."""
    given = os.environ.get(f"BENCH_{name}")
    return [int(number) for number in given.split(",")] if given else list(usual)


@dataclass(frozen=True)
class Planned:
    """A fleet with the file of its plan. sites: as `lab env` describes them."""

    fleet: Fleet
    plan: Path
    sites: dict[str, Any]

    @property
    def kubeconfig(self) -> Path:
        return Path(self.sites[storm_plan.SITE]["kubeconfig"])

    def begun(self) -> str:
        """Id of a run that starts the plan."""
        ran = run_module("run", plan=str(self.plan), operation="start", target=storm_plan.SITE)
        return ran.result["run_id"]

    def started(self, run_id: str) -> Ran:
        """The module's process, until every VM is ready."""
        return self._all_ready(run_module("vm_startup", plan=str(self.plan), run_id=run_id))

    def started_in_rounds(self, run_id: str, seconds: int) -> list[Ran]:
        """The same as the role does it: processes one after the other, each for so long."""
        rounds: list[Ran] = []
        while not rounds or not rounds[-1].result["done"]:
            rounds.append(run_module("vm_startup", plan=str(self.plan), run_id=run_id, round_timeout=seconds))
        self._all_ready(rounds[-1])
        return rounds

    def ended(self, run_id: str) -> None:
        run_module("run", plan=str(self.plan), state="done", run_id=run_id)

    def _all_ready(self, ran: Ran) -> Ran:
        if ran.result["ready"] != self.fleet.count:
            raise RuntimeError(f"{ran.result['msg']}: {ran.result['failures'][:3]}")
        return ran


@contextmanager
def fleet_on(lab: Lab, folder: Path, fleet_name: str, count: int, cap: int, critical: int = 0) -> Iterator[Planned]:
    """VMs that are off, and a plan by which at most cap of them are in flight."""
    sites = lab.environment()["sites"]
    client = SiteClient(Path(sites[storm_plan.SITE]["kubeconfig"]))
    fleet = Fleet(client, fleet_name, count, critical)
    plan = folder / f"{fleet_name}.yml"
    plan.write_text(yaml.safe_dump(storm_plan.plan_document(fleet, sites, cap)))
    storm_plan.replicate(fleet, sites)
    fleet.create()
    try:
        yield Planned(fleet, plan, sites)
    finally:
        fleet.remove()
        storm_plan.end_replication(fleet, sites)


@contextmanager
def instant_boots(lab: Lab, site: str = storm_plan.SITE) -> Iterator[None]:
    """No virt-controller and none of KubeVirt's webhooks: whoever starts VMs is what is measured."""
    client = SiteClient(Path(lab.environment()["sites"][site]["kubeconfig"]))
    lab.kill(site, "virt-controller")
    try:
        with WithoutWebhooks(client):
            yield
    finally:
        lab.run("up")
