# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failover takes beyond what Velero, the API server, the storage and the boots take, and how that grows."""

from __future__ import annotations

import json
import resource
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.bench.failover_fleet import (
    SOURCE,
    TARGET,
    FailoverFleet,
    client_of,
    protected_fleets,
)
from ansible_collections.ocpvirt.dr.tests.bench.others_time import storage_front, union, velero_spans
from ansible_collections.ocpvirt.dr.tests.bench.raw_writes import RawWrites, WritesMeanwhile
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import sizes
from demo.lab import Lab
from ocpvirt_lab.dead_address import REFUSES, DeadAddress

COUNTS = (50, 500, 2000)
BASE, EACH = 10.0, 0.020
STORE = "/api/v1/namespaces/ocpvirt-dr/configmaps"


def measure(lab: Lab, folder: Path) -> list[Result]:
    """The whole playbook with the source lost, for 50, 500 and 2,000 VMs with a volume each, booting at once."""
    counts = sizes("OVERHEAD_VMS", COUNTS)
    with protected_fleets(lab, folder, {f"bench-failover-{count}": count for count in counts}) as fleets:
        own = {fleet.count: _own_seconds(fleet) for fleet in fleets}
    rows = [_row(count, *seconds) for count, seconds in own.items()]
    return rows + [_growth(few, many, own[many][0] - own[few][0]) for few, many in pairwise(counts)]


def _own_seconds(fleet: FailoverFleet) -> tuple[float, float, float]:
    """Ours, of the whole run, and what others took."""
    client = client_of(fleet.sites, TARGET)
    since = datetime.now(UTC)
    with (
        storage_front(fleet.sites[TARGET]["storage_url"]) as front,
        DeadAddress(REFUSES) as source,
        WritesMeanwhile(client) as meanwhile,
    ):
        # a wait for the source has a benchmark of its own
        refusing = fleet.way_to_source(source, source)
        before = _processor()
        played = fleet.failed_over(fleet.plan_file({SOURCE: refusing, TARGET: {"storage_url": front.url}}))
    processor = _processor() - before
    velero = velero_spans(client, since)
    api, boots = RawWrites(fleet, TARGET).seconds(meanwhile)
    # Velero restores while the storage is asked: a second of both is taken off once
    others = union([*velero, *front.spans]) + api + boots
    steps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in _steps(fleet).items())
    print(f"{fleet.count} VMs: {played.seconds:.1f} s, with {processor:.1f} s of CPU; steps: {steps}")
    print(
        f"Velero {union(velero):.1f}, storage {union(front.spans):.1f}, API server {api:.1f}, boots {boots:.1f}",
        flush=True,
    )
    return played.seconds - others, played.seconds, others


def _processor() -> float:
    """Seconds of the processor, of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _steps(fleet: FailoverFleet) -> dict[str, float]:
    """Seconds of each step, as the run recorded them."""
    maps = client_of(fleet.sites, TARGET).list(STORE)[0]
    heads: list[dict[str, Any]] = [json.loads(item["data"]["head"]) for item in maps if "head" in item.get("data", {})]
    run = max((head for head in heads if head["plan"] == fleet.name), key=lambda head: head["started"])
    spans = {name: [step["started"], step["ended"]] for name, step in run["steps"].items()}
    return {
        name: (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
        for name, (begin, end) in sorted(spans.items(), key=lambda item: item[1])
    }


def _row(count: int, ours: float, whole: float, others: float) -> Result:
    allowed = BASE + EACH * count
    metric = f"seconds of our own, {count:,} VMs; peer: the whole run; limit: Velero, API, storage and boots in it"
    goal = f"at most {allowed:.0f} s: {BASE:.0f} s and {1000 * EACH:.0f} ms a VM"
    return Result("failover_overhead", metric, ours, whole, others, ours / allowed, goal, ours <= allowed)


def _growth(few: int, many: int, seconds: float) -> Result:
    each, allowed = 1000 * seconds / (many - few), 1000 * EACH
    metric = f"ms of our own a VM more, from {few:,} to {many:,} VMs"
    return Result(
        "failover_overhead", metric, each, None, allowed, each / allowed, f"at most {allowed:.0f}", each <= allowed
    )
