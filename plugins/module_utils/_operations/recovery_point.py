# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a recovery point: clones of all volumes of the plan, of one moment per VM, and the oldest ones away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .._cluster.api import Api
from .._errors import DrError, Refused
from .._model.clone import Clone
from .._model.finding import Finding, abridged
from .._model.plan import Plan
from .._planning.clone_names import POINT, clone_name
from .._planning.clone_sets import CloneSet, sets_of
from .._planning.recovery_points import Chosen, choose_point, whole_sets
from .clone_replication import replicate
from .clone_retention import Retention, list_clones, list_snapshots
from .clone_set import CloneMaker, make_sets
from .entry import bounded
from .no_run import check_no_run
from .protected import Protected, list_protected
from .sites import open_site
from .snapshot_storage import clone_obstacles, clone_warnings, read_storage

TRIED = "clone the volumes"


@dataclass(frozen=True)
class Work:
    """todo: sets to make; there: those that are whole already. stopped: findings of the sets that cannot be made."""

    chosen: Chosen
    todo: Sequence[CloneSet]
    there: Sequence[CloneSet]
    stopped: Sequence[Finding]


def take_recovery_point(plan: Plan, site: str, point: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """point: its name; empty for the one that was not finished lately, else a new one. timeout: seconds per set.

    A set that fails leaves nothing behind and stops no other one.
    """
    if plan.snapshots is None:
        return _result(False, "", [], [], [])
    if point and not POINT.fullmatch(point):
        wanted = "lower-case letters, digits and '-', at most 24, a letter or digit at both ends"
        raise Refused("name the recovery point", seen=point, wanted=wanted)
    api = open_site(plan, site)
    check_no_run(plan, api, TRIED)
    found = list_protected(plan, api)
    storage = read_storage(api)
    clones, snapshots = list_clones(plan, api), list_snapshots(plan, api)
    work = _decide(plan, api, found, clones, choose_point(point, snapshots, clones, api.clock.now()), storage)
    retention = Retention(plan, api, work.chosen.name)
    decisions = [_made(item, work.chosen.name) for item in work.todo]
    findings = [*work.stopped, *clone_warnings(found)]
    if check_mode:
        removal = retention.decide(clones, snapshots, [item.owner for item in work.todo])
        return _result(
            bool(decisions or removal.decisions),
            work.chosen.name,
            [*decisions, *removal.decisions],
            [*findings, *removal.findings],
            work.todo,
            work.there,
            complete=not work.stopped,
        )
    maker = CloneMaker(plan, api, work.chosen.name, found.claims, storage, timeout)
    made, failed = make_sets(maker, work.todo, partial(check_no_run, plan, api, TRIED))
    findings += [*made, *(_failure(wanted, error) for wanted, error in failed)]
    bad = {wanted.owner for wanted, _error in failed}
    done = [item for item in work.todo if item.owner not in bad]
    replicated, problems = replicate(plan, site, done)
    clones, snapshots = list_clones(plan, api), list_snapshots(plan, api)
    removal = retention.decide(clones, snapshots, [])
    retention.carry_out(removal, partial(check_no_run, plan, api, TRIED))
    decisions = [_made(item, work.chosen.name) for item in done]
    return _result(
        bool(decisions or replicated or removal.decisions),
        work.chosen.name,
        [*decisions, *replicated, *removal.decisions],
        [*findings, *problems, *removal.findings],
        done,
        work.there,
        complete=not (work.stopped or failed or problems),
    )


def _decide(plan: Plan, api: Api, found: Protected, clones: list[Clone], chosen: Chosen, storage: Any) -> Work:
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
    return Work(chosen, todo, there, stopped)


def _made(wanted: CloneSet, point: str) -> str:
    names = ", ".join(f"{wanted.namespace}/{clone_name(claim, point)}" for claim in wanted.claims)
    return f"{wanted.owner}: cloned as {names}"


def _failure(wanted: CloneSet, error: DrError) -> Finding:
    remedy = error.next_step or "see the message; the next protect tries again"
    code = "FreezeFailed" if "Failed freezing vm" in (error.seen or "") else "CloneFailed"
    return Finding("warning", code, wanted.owner, str(error), remedy, error.site)


def _result(
    changed: bool,
    point: str,
    decisions: list[str],
    findings: list[Finding],
    made: Sequence[CloneSet],
    there: Sequence[CloneSet] = (),
    complete: bool = True,
) -> dict[str, Any]:
    return {
        "changed": changed,
        "recovery_point": point,
        "complete": complete,
        "decisions": bounded(decisions),
        "sets": len(made) + len(there),
        "clones": sum(len(item.claims) for item in (*made, *there)),
        "findings": bounded([finding.as_dict() for finding in abridged(findings)]),
    }
