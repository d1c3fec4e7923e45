"""`lab storm`: the same VMs started all at once and throttled, and a picture of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from demo.playbook import play

from ocpvirt_lab import storm_plan
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.progress import Progress
from ocpvirt_lab.site_client import SiteClient
from ocpvirt_lab.storm_fleet import Fleet
from ocpvirt_lab.storm_plot import picture
from ocpvirt_lab.storm_run import Storm, measure, write

NAMESPACE = "storm"
OURS, AT_ONCE = "throttled", "all at once"
FIRST = "once, not measured"


@dataclass(frozen=True)
class Wanted:
    """critical: so many are the first wave. boot: seconds, from and to. folder: gets storm.svg and storm.json."""

    vms: int
    cap: int
    critical: int
    boot: tuple[float, float]
    folder: Path


def run(sites: dict[str, Any], wanted: Wanted, progress: Progress) -> str:
    """sites: as `lab env` describes them. Returns what a person reads."""
    if not wanted.cap > 0 or not 0 <= wanted.critical <= wanted.vms:
        raise LabError("a storm needs a cap of at least 1, and no more critical VMs than there are")
    kubeconfig = Path(sites[storm_plan.SITE]["kubeconfig"])
    fleet = Fleet(SiteClient(kubeconfig), NAMESPACE, wanted.vms, wanted.critical, wanted.boot)
    wanted.folder.mkdir(parents=True, exist_ok=True)
    plan = wanted.folder / "storm.yml"
    plan.write_text(yaml.safe_dump(storm_plan.plan_document(fleet, sites, wanted.cap), sort_keys=False))

    def measured(name: str, start: Callable[[], object]) -> Storm:
        progress.say(NAMESPACE, f"start {wanted.vms} VMs: {name}")
        storm = measure(name, fleet, kubeconfig, start)[0]
        progress.say(NAMESPACE, f"{name}: first ready after {storm.first:.0f} s, all after {storm.total:.0f} s")
        fleet.stop()
        return storm

    progress.say(NAMESPACE, f"create {wanted.vms} VMs at {storm_plan.SITE}")
    storm_plan.replicate(fleet, sites)
    fleet.create()
    drawn = wanted.folder / "storm.svg"
    try:
        # so that both find the site as a start left it
        measured(FIRST, fleet.start_at_once)
        storms = [measured(AT_ONCE, fleet.start_at_once), measured(OURS, lambda: _start_by_plan(plan))]
        write(storms, wanted.folder / "storm.json")
        drawn.write_text(picture(storms, wanted.cap))
    finally:
        fleet.remove()
        storm_plan.end_replication(fleet, sites)
    return "\n".join([_table(storms), f"The picture is {drawn}."])


def _start_by_plan(plan: Path) -> None:
    """As a user does it."""
    log = plan.with_suffix(".log")
    played = play("start", log, "-e", f"dr_plan={plan.resolve()}", "-e", f"dr_site={storm_plan.SITE}", show=False)
    if played.returncode:
        raise LabError(f"ansible-playbook ended with {played.returncode}; {log} has its output")


def _table(storms: list[Storm]) -> str:
    header = f"{'start':<14}{'peak in flight':>16}{'first ready':>14}{'critical ready':>16}{'all ready':>12}"
    rows = [
        f"{storm.name:<14}{storm.peak:>16}{storm.first:>12.1f} s"
        + (f"{'-':>16}" if storm.critical is None else f"{storm.critical:>14.1f} s")
        + f"{storm.total:>10.1f} s"
        for storm in storms
    ]
    return "\n".join([header, *rows])
