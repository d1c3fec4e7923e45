# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a recovery point: clones of all volumes of the plan, of one moment per VM, and the oldest ones away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..._cluster.api import Api
from ..._errors import Refused
from ..._model.clone import Clone
from ..._model.finding import Finding
from ..._model.plan import Plan
from ..._planning.clones.names import POINT
from ..._planning.clones.recovery_points import Chosen, choose_point, whole_sets
from ..._planning.clones.sets import CloneSet, sets_of
from ..._planning.clones.snapshot_support import SnapshotStorage
from ..inventory.protected import Protected, list_protected
from ..plan.sites import open_site
from ..run.no_run import check_no_run
from .outcome import Outcome
from .replication import replicate, withdraw
from .retention import Retention, list_clones, list_snapshots
from .set import CloneMaker, make_sets
from .snapshot_storage import clone_obstacles, clone_warnings, read_storage

TRIED = "clone the volumes"


@dataclass(frozen=True)
class Work:
    """todo: sets to make; there: those that are whole already. stopped: findings of the sets that cannot be made."""

    point: str
    todo: Sequence[CloneSet]
    there: Sequence[CloneSet]
    stopped: Sequence[Finding]


def take_recovery_point(plan: Plan, site: str, point: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """point: its name; empty for the one that was not finished lately, else a new one. timeout: seconds per set.

    A set that fails leaves nothing behind and stops no other one.
    """
    if plan.snapshots is None:
        return Outcome(site, "").result()
    if point and not POINT.fullmatch(point):
        wanted = "lower-case letters, digits and '-', at most 24, a letter or digit at both ends"
        raise Refused("name the recovery point", seen=point, wanted=wanted)
    api = open_site(plan, site)
    check_no_run(plan, api, TRIED)
    found = list_protected(plan, api)
    storage = read_storage(api)
    clones, snapshots = list_clones(plan, api), list_snapshots(plan, api)
    work = _decide(plan, api, found, clones, choose_point(point, snapshots, clones, api.clock.now()), storage)
    outcome = Outcome(site, work.point, there=work.there, complete=not work.stopped)
    outcome.findings += [*work.stopped, *clone_warnings(found)]
    retention = Retention(plan, api, work.point)
    if check_mode:
        outcome.made = work.todo
        outcome.removed(retention.decide(clones, snapshots, [item.owner for item in work.todo]))
        return outcome.result()
    no_run = partial(check_no_run, plan, api, TRIED)
    maker = CloneMaker(plan, api, work.point, found.claims, storage, timeout)
    outcome.judged(work.todo, *make_sets(maker, work.todo, no_run))
    if outcome.made or outcome.there:
        replicated = replicate(plan, site)
        ours = [clone for clone in list_clones(plan, api) if clone.recovery_point == work.point]
        outcome.enabled(replicated, withdraw(plan, api, ours, replicated.failed))
    removal = retention.decide(list_clones(plan, api), list_snapshots(plan, api), [])
    retention.carry_out(removal, no_run)
    outcome.removed(removal)
    return outcome.result()


def _decide(
    plan: Plan, api: Api, found: Protected, clones: list[Clone], chosen: Chosen, storage: SnapshotStorage
) -> Work:
    if not found.claims:
        raise Refused(
            TRIED,
            site=api.site,
            seen="the plan selects nothing that has a claim",
            wanted="at least one",
            next_step="correct protect.namespaces and protect.selector",
        )
    against = clone_obstacles(plan, found, storage)
    whole = {owner for owner, point in whole_sets(clones) if point == chosen.name}
    todo, there, stopped = [], [], []
    for item in sets_of(found.vms, found.claims):
        reasons = [reason for key in item.keys for reason in against.get(key, ())]
        if item.owner in whole:
            there.append(item)
        elif reasons:
            stopped += reasons
        else:
            todo.append(item)
    return Work(chosen.name, todo, there, stopped)
