# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan whose guests write where another one is moved to: what became of it meanwhile."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import requests
from ansible_collections.ocpvirt.dr.tests.integration.opposite_plans import Plan
from demo.verdict import Records, moment_of

PAUSE = 1.0
# of the lab's guests, seconds between two records
PERIOD = 0.5
# what a switch of a plan would change of its export; health is that of the link too
OF_A_SWITCH = ("role", "direction", "paused", "epoch", "epoch_id", "recovery_point")


@dataclass(frozen=True)
class Look:
    """at: when the disks were asked for."""

    at: datetime
    disks: Records


@dataclass
class Neighbour:
    """before, after: all that a run would have written of the plan and of its replication. looks: at its disks."""

    plan: Plan
    before: dict[str, Any]
    after: dict[str, Any] = field(default_factory=dict)
    looks: list[Look] = field(default_factory=list)

    def look(self) -> None:
        at = datetime.now(UTC)
        self.looks.append(Look(at, self.plan.own(self.plan.world.lab.records(self.plan.lives_at))))


@contextmanager
def beside(plan: Plan) -> Iterator[Neighbour]:
    """The plan while something is done to another one."""
    found, ended = Neighbour(plan, _written(plan)), threading.Event()

    def follow() -> None:
        while not ended.wait(PAUSE):
            # a disk of the other plan may be replaced in the moment when all are read
            with suppress(subprocess.CalledProcessError):
                found.look()

    found.look()
    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join(60)
    found.look()
    found.after = _written(plan)


def longest_silence(looks: Sequence[Look], name: str) -> float:
    """Seconds for which a guest wrote nothing, as far as the looks show it."""
    last = [(moment_of(look.disks[name]["last_t"]), look.disks[name]["last_n"]) for look in looks]
    since_last: list[float] = [(look.at - at).total_seconds() for look, (at, _n) in zip(looks, last, strict=True)]
    between: list[float] = [
        (later - earlier).total_seconds() - (after - before - 1) * PERIOD
        for (earlier, before), (later, after) in pairwise(last)
    ]
    return max(since_last + between)


def _written(plan: Plan) -> dict[str, Any]:
    site = plan.world.sites[plan.lives_at]
    export = requests.get(f"{site['storage_url']}/v1/exports/{plan.name}", timeout=10).json()
    shown = {name: export[name] for name in OF_A_SWITCH}
    return {**plan.written(plan.world.cluster(plan.lives_at)), "replication": shown}
