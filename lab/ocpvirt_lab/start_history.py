"""What a start looked like, told from raw events alone: who was in flight when, in which order, who was doubled. Pure.

Events are put in the order of etcd's revisions, which VMs and VMIs share: what was asked after something became ready
stands after it, however late either stream told so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

VM, VMI = "VirtualMachine", "VirtualMachineInstance"
RUNNING_STRATEGIES = ("Always", "RerunOnFailure", "Once", "WaitAsReceiver")


@dataclass(frozen=True)
class Seen:
    """This object (None: it is gone) was so at that revision. at: seconds, when it was received."""

    at: float
    revision: int
    kind: str
    key: str
    object: Mapping[str, Any] | None


@dataclass(frozen=True)
class Gap:
    """What happened to this kind after one revision, until it was listed at the other, no event tells.

    after: 0 for the first list, before which nobody looked.
    """

    kind: str
    after: int
    until: int


@dataclass
class _Vm:
    asked: bool = False
    uid: str | None = None
    was_ready: bool = False

    @property
    def in_flight(self) -> bool:
        return (self.asked or self.uid is not None) and not self.was_ready


@dataclass(frozen=True)
class Point:
    """From this time on: in flight, ready, and keys asked so far."""

    at: float
    in_flight: int
    ready: int
    begun: int


@dataclass
class History:
    """started: key to time it first was in flight, in that order; ready_at: first time ready. start_revisions,
    ready_revisions: the same by etcd's revisions, which tell what was before what where two streams do not.

    points: one for each revision that was seen. doubles: key to the uids of its VMIs, where a second one was made.
    gaps: empty if every change was seen; a peak inside one is unknown.
    """

    points: list[Point] = field(default_factory=list)
    started: dict[str, float] = field(default_factory=dict)
    ready_at: dict[str, float] = field(default_factory=dict)
    start_revisions: dict[str, int] = field(default_factory=dict)
    ready_revisions: dict[str, int] = field(default_factory=dict)
    doubles: dict[str, list[str]] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    @property
    def peak(self) -> int:
        return max((point.in_flight for point in self.points), default=0)

    def share(self, limit: int | Sequence[tuple[float, int]], total: int | None = None) -> float:
        """Average of in flight / limit, by time, from the first start on while at least a whole limit waits.

        limit: a number, or (time, limit from then on); where it shrank below what is in flight, that is no more than
        all of it. total: how many were to start, by default those that did.
        """
        limits = [(float("-inf"), limit)] if isinstance(limit, int) else list(limit)
        total = len(self.started) if total is None else total
        weighted = seconds = 0.0
        for point, following in pairwise(point for point in self.points if point.begun):
            for begin, end, allowed in _pieces(point.at, following.at, limits):
                if total - point.begun >= allowed:
                    weighted += (end - begin) * min(1.0, point.in_flight / allowed)
                    seconds += end - begin
        return weighted / seconds if seconds else 0.0

    def before(self, first: Iterable[str], second: Iterable[str]) -> bool:
        """Every one of the first was ready before any of the second began."""
        last = max(self.ready_revisions.get(key, float("inf")) for key in first)
        return all(self.start_revisions[key] >= last for key in second if key in self.start_revisions)


def tell(events: Iterable[Seen], gaps: Sequence[Gap] = (), agent: bool = False) -> History:
    """agent: only what has its guest agent connected is ready."""
    history = History(gaps=[gap for gap in gaps if gap.after])
    vms: dict[str, _Vm] = {}
    uids: dict[str, list[str]] = {}
    in_flight: set[str] = set()
    ready: set[str] = set()
    clock, revision = float("-inf"), -1
    for event in sorted(events, key=lambda event: event.revision):
        # received out of order: a revision is never older than the one before it
        clock = max(clock, event.at)
        vm = vms.setdefault(event.key, _Vm())
        up = _apply(vm, event, agent)
        if vm.uid and vm.uid not in uids.setdefault(event.key, []):
            uids[event.key].append(vm.uid)
        _mark(in_flight, event.key, vm.in_flight)
        if up is not None:
            _mark(ready, event.key, up)
        if vm.in_flight:
            history.started.setdefault(event.key, clock)
            history.start_revisions.setdefault(event.key, event.revision)
        if up:
            history.ready_at.setdefault(event.key, clock)
            history.ready_revisions.setdefault(event.key, event.revision)
        point = Point(clock, len(in_flight), len(ready), len(history.started))
        if not any(gap.after < event.revision < gap.until for gap in gaps):
            # a list tells many objects at one revision: only all of them together are true
            if history.points and event.revision == revision:
                history.points.pop()
            history.points.append(point)
            revision = event.revision
    history.doubles = {key: found for key, found in uids.items() if len(found) > 1}
    return history


def _apply(vm: _Vm, event: Seen, agent: bool) -> bool | None:
    """Whether it is up now; None for an event that does not tell."""
    if event.kind == VM:
        vm.asked = event.object is not None and is_asked(event.object)
        return None
    if event.object is None:
        vm.uid, vm.was_ready = None, False
        return False
    uid, up = event.object["metadata"]["uid"], is_ready(event.object, agent)
    if uid != vm.uid:
        vm.uid, vm.was_ready = uid, False
    vm.was_ready |= up
    return up


def _mark(keys: set[str], key: str, member: bool) -> None:
    if member:
        keys.add(key)
    else:
        keys.discard(key)


def _pieces(begin: float, end: float, limits: Sequence[tuple[float, int]]) -> Iterable[tuple[float, float, int]]:
    for (since, allowed), (until, _next) in pairwise([*limits, (float("inf"), 0)]):
        if max(begin, since) < min(end, until):
            yield max(begin, since), min(end, until), allowed


def is_asked(vm: Mapping[str, Any]) -> bool:
    """Its specification, or a request on a Manual one, says that it shall run."""
    if "deletionTimestamp" in vm["metadata"]:
        return False
    spec = vm["spec"]
    requests = vm.get("status", {}).get("stateChangeRequests") or []
    return (
        spec.get("runStrategy") in RUNNING_STRATEGIES
        or bool(spec.get("running"))
        or any(request.get("action") == "Start" for request in requests)
    )


def is_ready(vmi: Mapping[str, Any], agent: bool = False) -> bool:
    status = vmi.get("status", {})
    true = {item["type"] for item in status.get("conditions", []) if item["status"] == "True"}
    wanted = {"Ready", "AgentConnected"} if agent else {"Ready"}
    return status.get("phase") == "Running" and wanted <= true and "deletionTimestamp" not in vmi["metadata"]


def essence(item: Mapping[str, Any]) -> dict[str, Any]:
    """What a story is told from; thousands of whole objects would fill the memory."""
    meta, spec, status = item["metadata"], item.get("spec", {}), item.get("status", {})
    return {
        "metadata": {name: meta[name] for name in ("uid", "deletionTimestamp") if name in meta},
        "spec": {name: spec[name] for name in ("runStrategy", "running") if name in spec},
        "status": {
            "phase": status.get("phase"),
            "stateChangeRequests": status.get("stateChangeRequests"),
            "conditions": [{name: item[name] for name in ("type", "status")} for item in status.get("conditions", [])],
        },
    }
