# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a forecast of a start says, and what it finds: the limit that binds, and what would not start at all. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from ..._model.duration import format_duration
from ..._model.finding import Finding, Severity
from ..start.caps import NODE
from .boot_times import BootTimes
from .duration import (
    BOOT_TIMES,
    CONTROLLER,
    PLAN_CAP,
    SITE_BUDGET,
    Binding,
    Course,
    Limits,
    Outcome,
    binding,
    simulate,
)
from .node_placement import NODES, Placement, Unit, place, place_best
from .node_rooms import ATTACH, NodeRoom
from .pod_needs import CPU, KVM, MEMORY, PODS, Amounts
from .quota import written

QUOTA = "quota"
# shorter ones are not worth a change of the cluster
WORTH_TUNING = 10.0
TUNING = (
    "raise the rate: annotate the HyperConverged with "
    'hco.kubevirt.io/tuningPolicy={{"qps":{qps:.0f},"burst":{burst:.0f}}} and set its spec.tuningPolicy to annotation; '
    "without that operator, controllerConfiguration.restClient.rateLimiter of the KubeVirt"
)
REMEDIES = {
    MEMORY: "add nodes or memory at the target, or let the plan start less",
    CPU: "add nodes at the target, or let its VMs share CPUs (cpuAllocationRatio of the KubeVirt)",
    PODS: "add nodes at the target, or raise the kubelets' maxPods",
    KVM: "nodes with /dev/kvm, whose virt-handler is up, are needed at the target",
    NODES: "look which nodes of the target are ready and take VMs: cordons, labels (kubevirt.io/schedulable), taints",
}
SAID = {
    BOOT_TIMES: "the VMs' own boot times and the order of the waves bind",
    PLAN_CAP: "startup.max_starting of the plan ({limits.plan_cap}) binds",
    SITE_BUDGET: "max_starting of the site ({limits.site_budget}) binds",
    CONTROLLER: "the rate of virt-controller's requests ({limits.qps:g}/s) binds",
    QUOTA: "a quota binds",
}


@dataclass(frozen=True)
class Target:
    """What the target is. rooms: None when its nodes could not be read. kept_off: keys that a quota keeps off.

    grows: whether something may add nodes there.
    """

    site: str
    rooms: Sequence[NodeRoom] | None = None
    kept_off: Mapping[str, str] = field(default_factory=dict)
    grows: bool = False


@dataclass(frozen=True)
class Forecast:
    summary: Mapping[str, Any]
    findings: tuple[Finding, ...]


def forecast(course: Course, units: Sequence[Unit], limits: Limits, boots: BootTimes, target: Target) -> Forecast:
    """course: without what is stuck. units: what the nodes have to take, in the order of the start."""
    placed, findings = _placed([unit for unit in units if unit.key not in target.kept_off], target)
    parts = dict(course.parts)
    if NODE in limits.caps:
        # that of a VM which asks for one node is there already
        parts |= {key: tuple(dict.fromkeys((*parts.get(key, ()), (NODE, node)))) for key, node in placed.nodes.items()}
    course = replace(course, stuck={*placed.lacking, *target.kept_off}, parts=parts)
    foreseen = simulate(course, limits, boots)
    bound = binding(course, limits, boots, foreseen)
    findings += _rate(bound, foreseen, limits, target.site)
    resource = QUOTA if target.kept_off else placed.resource
    summary = {
        "site": target.site,
        "total": course.total,
        "ready": foreseen.ready,
        "seconds": round(foreseen.seconds),
        "peak_in_flight": foreseen.peak,
        "binding": _short(resource) if resource else bound.name,
        "boot": {"median": boots.median, "p90": boots.p90, "source": boots.source},
        "nodes": len(target.rooms) if target.rooms is not None else 0,
        "msg": _said(course.total, foreseen, resource, bound, limits, boots, target),
    }
    return Forecast(summary, tuple(findings))


def _placed(units: Sequence[Unit], target: Target) -> tuple[Placement, list[Finding]]:
    """On the nodes as they are; what does not fit is tried on nodes that hold nothing but their own."""
    if target.rooms is None:
        return Placement({}, {}), []
    placed = place(units, target.rooms, [room.free for room in target.rooms])
    if not placed.lacking:
        return placed, []
    empty = place_best(units, target.rooms, [room.empty for room in target.rooms])
    if not empty.lacking:
        seen, remedy = _shortage(units, placed, [room.free for room in target.rooms], "free")
        message = f"{seen} beside what runs there now"
        remedy = f"make room there before a move, or {remedy}"
        return placed, [Finding("warning", "TargetTooFull", f"Site/{target.site}", message, remedy, target.site)]
    seen, remedy = _shortage(units, empty, [room.empty for room in target.rooms], "allocatable")
    message = f"{seen}, unless nodes are added" if target.grows else f"{seen}, even if nothing else ran there"
    severity: Severity = "warning" if target.grows else "blocker"
    return placed, [Finding(severity, "TargetTooSmall", f"Site/{target.site}", message, remedy, target.site)]


def _shortage(units: Sequence[Unit], placed: Placement, rooms: Sequence[Amounts], called: str) -> tuple[str, str]:
    """What is lacking, for how many, and what helps."""
    resource = placed.resource or NODES
    counts = f"{len(placed.lacking)} of {len({unit.key for unit in units})} find no node"
    if resource != NODES:
        needed = written(resource, sum(unit.needs.get(resource, 0) for unit in units))
        have = written(resource, sum(max(0, room.get(resource, 0)) for room in rooms))
        counts += f" ({needed} needed, {have} {called} on {len(rooms)} nodes)"
    remedy = REMEDIES.get(resource, f"nodes of the target need more of {resource}")
    return f"{resource}: {counts}, such as {min(placed.lacking)}", remedy


def _rate(bound: Binding, foreseen: Outcome, limits: Limits, site: str) -> Iterator[Finding]:
    without = bound.lifted.get(CONTROLLER)
    if without is None or foreseen.seconds - without < WORTH_TUNING:
        return
    message = (
        f"virt-controller may send {limits.qps:g} requests/s (burst {limits.burst:g}): the start takes "
        f"{_time(foreseen.seconds)} instead of {_time(without)}"
    )
    # KubeVirt's own defaults, or twice what was not enough
    remedy = TUNING.format(qps=max(200.0, 2 * limits.qps), burst=max(400.0, 4 * limits.qps))
    yield Finding("warning", "ControllerTooSlow", "KubeVirt", message, remedy, site)


def _short(resource: str) -> str:
    if resource.startswith(ATTACH):
        return "attachments"
    return "kvm" if resource == KVM else resource


def _said(
    total: int,
    foreseen: Outcome,
    resource: str | None,
    bound: Binding,
    limits: Limits,
    boots: BootTimes,
    target: Target,
) -> str:
    if not total:
        return f"nothing starts at {target.site}"
    left = f", {total - foreseen.ready} not ready in time" if foreseen.ready < total else ""
    said = SAID.get(bound.name, f"startup.caps.{bound.name} of the plan binds").format(limits=limits)
    if bound.name in bound.lifted:
        said += f": without it {_time(bound.lifted[bound.name])}"
    if resource:
        said = SAID[QUOTA] if resource == QUOTA else f"{_short(resource)} of the nodes binds"
    nodes = " (the nodes could not be looked at)" if target.rooms is None else ""
    return (
        f"{total} to start at {target.site}: about {_time(foreseen.seconds)}, at most {foreseen.peak} in flight{left}; "
        f"{said}{nodes}; boot times {boots.median:g} s (median) and {boots.p90:g} s (p90), {boots.source}"
    )


def _time(seconds: float) -> str:
    return format_duration(timedelta(seconds=round(seconds)))
