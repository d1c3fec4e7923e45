"""What the failover did, read from the API server and the disks, not from the collection's own report."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.cluster import Cluster
from demo.workload import NAMESPACE, Vm, not_ready


@dataclass
class Verdict:
    """problems: what is not as it must be; empty means success. rpo: seconds per VM, from its records."""

    problems: list[str] = field(default_factory=list)
    rpo: dict[str, float] = field(default_factory=dict)
    lost_records: dict[str, int] = field(default_factory=dict)
    running: int = 0
    verified: int = 0


def judge(
    vms: list[Vm],
    west: Cluster,
    east_address: str,
    before: dict[str, dict[str, Any]],
    after: dict[str, dict[str, Any]],
    east_processes: int,
) -> Verdict:
    """east_address: what no PV at west may name; before: the lost site's disks; after: the target's."""
    verdict = Verdict()
    names = [vm.name for vm in vms if vm.running]
    down = not_ready(west, names)
    verdict.running = len(names) - len(down)
    verdict.problems += [f"{name} does not run at west" for name in down]
    verdict.problems += _strategies(vms, west)
    verdict.problems += _volumes(vms, west, east_address, verdict)
    if east_processes:
        verdict.problems.append(f"{east_processes} processes of east are alive")
    for name in names:
        verdict.problems += _records(name, before.get(name), after.get(name), verdict)
    return verdict


def _strategies(vms: list[Vm], west: Cluster) -> list[str]:
    seen = {item["metadata"]["name"]: item for item in west.list("VirtualMachine", NAMESPACE)}
    running = {item["metadata"]["name"] for item in west.list("VirtualMachineInstance", NAMESPACE)}
    problems = []
    for vm in vms:
        if vm.name not in seen:
            problems.append(f"{vm.name} is absent at west")
        elif seen[vm.name]["spec"].get("runStrategy") != vm.strategy:
            problems.append(f"{vm.name} has runStrategy {seen[vm.name]['spec'].get('runStrategy')}, had {vm.strategy}")
        if not vm.running and vm.name in running:
            problems.append(f"{vm.name} was off and runs at west")
    return problems


def _volumes(vms: list[Vm], west: Cluster, east_address: str, verdict: Verdict) -> list[str]:
    problems = []
    claims = {item["metadata"]["name"]: item for item in west.list("PersistentVolumeClaim", NAMESPACE)}
    for pv in west.list("PersistentVolume"):
        if east_address in str(pv["spec"]):
            problems.append(f"{pv['metadata']['name']} names east's storage")
        elif pv.get("status", {}).get("phase") == "Bound":
            verdict.verified += 1
    problems += [
        f"{vm.name} has no bound claim"
        for vm in vms
        if claims.get(vm.name, {}).get("status", {}).get("phase") != "Bound"
    ]
    return problems


def _records(name: str, east: dict[str, Any] | None, west: dict[str, Any] | None, verdict: Verdict) -> list[str]:
    """The target's guest must go on where the replicated records end; what was written later at east is lost."""
    if not east or not west or not east["boots"] or not west["boots"]:
        return [f"{name} has no records at {'west' if east and east['boots'] else 'east'}"]
    if west["gaps"] or west["bad_checksums"]:
        return [f"{name} has gaps {west['gaps']} or {west['bad_checksums']} bad checksums at west"]
    arrived = [boot for boot in west["boots"] if boot["site"] == "east"]
    written = [boot for boot in west["boots"] if boot["site"] == "west"]
    if not arrived:
        return [f"{name} has nothing of what it wrote at east"]
    if not written:
        return [f"{name} appends nothing at west"]
    last_arrived, last_written = _moment(arrived[-1]["last_t"]), _moment(east["last_t"])
    verdict.rpo[name] = max(0.0, (last_written - last_arrived).total_seconds())
    verdict.lost_records[name] = east["last_n"] - arrived[-1]["last_n"]
    return []


def _moment(text: str) -> datetime:
    """RFC 3339 with nanoseconds, which Python 3.11 reads only down to microseconds."""
    whole, _dot, rest = text.partition(".")
    fraction = rest.rstrip("Z")[:6].ljust(6, "0")
    return datetime.fromisoformat(f"{whole.rstrip('Z')}.{fraction}+00:00")
