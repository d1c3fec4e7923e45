"""One start of a fleet, however it is done, with what an observer sees of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ocpvirt_lab.errors import LabError
from ocpvirt_lab.site_client import SiteClient
from ocpvirt_lab.start_history import History
from ocpvirt_lab.start_watch import StartWatch
from ocpvirt_lab.storm_fleet import Fleet

PROBE_EVERY = 0.25
# read from etcd: what is cached would answer under any load
PROBED = "/api/v1/namespaces/default"
READY_WITHIN = 3600
POLL = 0.25


@dataclass(frozen=True)
class Storm:
    """Seconds count from the first request, which came lead seconds after the command.

    curve: (at, in flight, ready). latency: (at, seconds of a read). critical: when the last of the critical ones was
    ready; total: when the last of all was.
    """

    name: str
    vms: int
    peak: int
    lead: float
    first: float
    critical: float | None
    total: float
    curve: list[tuple[float, int, int]]
    latency: list[tuple[float, float]]


def measure(name: str, fleet: Fleet, kubeconfig: Path, start: Callable[[], object]) -> tuple[Storm, History]:
    """Start the fleet, and wait until every VM is ready."""
    with StartWatch(kubeconfig, [fleet.namespace]) as watch, _Probe(kubeconfig) as probe:
        commanded = time.monotonic()
        start()
        deadline = time.monotonic() + READY_WITHIN
        while (ready := watch.ready) < fleet.count:
            if time.monotonic() > deadline:
                raise LabError(f"{name}: {ready} of {fleet.count} VMs were ready within {READY_WITHIN} s")
            time.sleep(POLL)
    history = watch.history()
    return told(name, fleet, history, commanded, probe.seen), history


def told(name: str, fleet: Fleet, history: History, commanded: float, latency: list[tuple[float, float]]) -> Storm:
    began = min(history.started.values())
    critical = [history.ready_at[key] - began for key in fleet.critical_keys]
    return Storm(
        name=name,
        vms=fleet.count,
        peak=history.peak,
        lead=began - commanded,
        first=min(history.ready_at.values()) - began,
        critical=max(critical, default=None),
        total=max(history.ready_at.values()) - began,
        curve=[(point.at - began, point.in_flight, point.ready) for point in history.points if point.begun],
        latency=[(at - began, seconds) for at, seconds in latency if at >= began],
    )


def write(storms: list[Storm], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(storm) for storm in storms]) + "\n")


class _Probe(threading.Thread):
    """How long a small read takes, again and again."""

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__(name="probe", daemon=True)
        self._client = SiteClient(kubeconfig)
        self._ended = threading.Event()
        self.seen: list[tuple[float, float]] = []

    def __enter__(self) -> _Probe:
        self.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(PROBE_EVERY):
            began = time.monotonic()
            self._client.call("GET", PROBED)
            self.seen.append((began, time.monotonic() - began))
