"""What a move did, read from the API server and the disks, not from the collection's own report."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.cluster import Cluster
from demo.workload import NAMESPACE, Vm, not_ready

Records = dict[str, dict[str, Any]]
"""`lab records`: by claim what the guest wrote on it."""


@dataclass(frozen=True)
class Move:
    """before: the source's disks as its guests left them; after: the target's. address: what no PV there may name."""

    source: str
    target: str
    address: str
    before: Records
    after: Records
    planned: bool = False


@dataclass
class Verdict:
    """problems: what is not as it must be; empty means success.

    Of each VM, from its records: rpo, for how many seconds what it wrote is lost; away, seconds without a record.
    """

    problems: list[str] = field(default_factory=list)
    rpo: dict[str, float] = field(default_factory=dict)
    away: dict[str, float] = field(default_factory=dict)
    lost_records: dict[str, int] = field(default_factory=dict)
    running: int = 0
    verified: int = 0

    @property
    def lost(self) -> int:
        return sum(self.lost_records.values())


def judge(vms: list[Vm], cluster: Cluster, move: Move) -> Verdict:
    """cluster: the target's."""
    verdict = Verdict()
    names = [vm.name for vm in vms if vm.running]
    down = not_ready(cluster, names)
    verdict.running = len(names) - len(down)
    verdict.problems += [f"{name} does not run at {move.target}" for name in down]
    verdict.problems += _strategies(vms, cluster, move.target)
    verdict.problems += _volumes(vms, cluster, move, verdict)
    for name in names:
        verdict.problems += _records(name, move, verdict)
    return verdict


def judge_copies(names: list[str], site: str, copies: Records, running: set[str]) -> list[str]:
    """Whether a site holds nothing but copies of the other one; running: the VMs that run there."""
    problems = [f"{name} runs at {site}" for name in sorted(running)]
    problems += [f"{name}'s disk at {site} has nothing of the other site" for name in behind(names, site, copies)]
    return problems


def behind(names: list[str], site: str, copies: Records) -> list[str]:
    """VMs whose disk at a site does not end with what was written at the other one."""
    return [name for name in names if last_writer(copies.get(name)) in ("", site)]


def last_writer(volume: dict[str, Any] | None) -> str:
    """The site of the last boot that wrote; empty when nobody ever did."""
    return volume["boots"][-1]["site"] if volume and volume["boots"] else ""


def restarted(names: list[str], before: Records, after: Records) -> list[str]:
    """VMs that were booted again between two looks at the disks of the site where they run."""
    return [name for name in names if len(after[name]["boots"]) != len(before[name]["boots"])]


def _strategies(vms: list[Vm], cluster: Cluster, site: str) -> list[str]:
    seen = {item["metadata"]["name"]: item for item in cluster.list("VirtualMachine", NAMESPACE)}
    running = {item["metadata"]["name"] for item in cluster.list("VirtualMachineInstance", NAMESPACE)}
    problems = []
    for vm in vms:
        if vm.name not in seen:
            problems.append(f"{vm.name} is absent at {site}")
        elif seen[vm.name]["spec"].get("runStrategy") != vm.strategy:
            problems.append(f"{vm.name} has runStrategy {seen[vm.name]['spec'].get('runStrategy')}, had {vm.strategy}")
        if not vm.running and vm.name in running:
            problems.append(f"{vm.name} was off and runs at {site}")
    return problems


def _volumes(vms: list[Vm], cluster: Cluster, move: Move, verdict: Verdict) -> list[str]:
    problems = []
    claims = {item["metadata"]["name"]: item for item in cluster.list("PersistentVolumeClaim", NAMESPACE)}
    for pv in cluster.list("PersistentVolume"):
        if move.address in str(pv["spec"]):
            problems.append(f"{pv['metadata']['name']} names {move.source}'s storage")
        elif pv.get("status", {}).get("phase") == "Bound":
            verdict.verified += 1
    problems += [
        f"{vm.name} has no bound claim"
        for vm in vms
        if claims.get(vm.name, {}).get("status", {}).get("phase") != "Bound"
    ]
    return problems


def _records(name: str, move: Move, verdict: Verdict) -> list[str]:
    """The target's guest must go on where the replicated records end; what was written later at the source is lost."""
    before, after = move.before.get(name), move.after.get(name)
    if not before or not after or not before["boots"] or not after["boots"]:
        return [f"{name} has no records at {move.target if before and before['boots'] else move.source}"]
    if after["gaps"] or after["bad_checksums"]:
        return [f"{name} has gaps {after['gaps']} or {after['bad_checksums']} bad checksums at {move.target}"]
    arrived = [boot for boot in after["boots"] if boot["site"] == move.source]
    if not arrived:
        return [f"{name} has nothing of what it wrote at {move.source}"]
    if last_writer(after) != move.target:
        return [f"{name} appends nothing at {move.target}"]
    last_arrived, last_written = moment_of(arrived[-1]["last_t"]), moment_of(before["last_t"])
    verdict.rpo[name] = max(0.0, (last_written - last_arrived).total_seconds())
    verdict.away[name] = (moment_of(after["boots"][-1]["first_t"]) - last_written).total_seconds()
    lost = max(0, before["last_n"] - arrived[-1]["last_n"])
    verdict.lost_records[name] = lost
    return [f"{name} lost {lost} records in a planned move"] if lost and move.planned else []


def moment_of(text: str) -> datetime:
    """RFC 3339 with nanoseconds, which Python 3.11 reads only down to microseconds."""
    whole, _dot, rest = text.partition(".")
    fraction = rest.rstrip("Z")[:6].ljust(6, "0")
    return datetime.fromisoformat(f"{whole.rstrip('Z')}.{fraction}+00:00")
