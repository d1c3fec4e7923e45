# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pausing what syncs a plan from Git while the plan moves, and giving it back where the plan runs then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.clock import Deadline
from ..._cluster.kinds import APPLICATION
from ..._errors import Conflict, DrError, Timeout, Unreachable
from ..._model.finding import Finding
from ..._model.plan import Plan
from ..._model.run import IN_PLACE
from ..._planning.gitops import (
    RESPECT,
    automated,
    brings_folder,
    is_syncing,
    leaves_power_alone,
    obstacle_of_vm,
    pausing,
    recorded,
    resuming,
    syncs_by_itself,
)
from ..entry import bounded
from ..inventory.protected import Protected, list_vms
from ..run.session import Session
from ..volumes.commits import commit_place

# so long it has to stay paused: an ApplicationSet or a parent Application gives it back within seconds
HOLD = 5.0
# so long an operation that is under way may take
OPERATION_TIMEOUT = 120.0
POLL = 1.0
ATTEMPTS = 5


def set_sync(plan: Plan, run_id: str, state: str, sites: list[str], check_mode: bool) -> dict[str, Any]:
    """Pause, before anything is stopped, or resume, after everything runs. Without sites: those of the run.

    A failover is not stopped by what does not let itself be paused: its decisions say so. A planned move is.
    """
    with Session(plan, run_id, check_mode) as session:
        decisions: list[str] = []
        changed = False
        for site in sites or _sites(session):
            names = applications_of(plan, site)
            api = _api(session, site, decisions) if names else None
            if api is None:
                continue
            for name in names:
                written, why = (_pause if state == "paused" else _resume)(session, api, name)
                changed |= written
                decisions.append(f"{site}: Application/{name} {why}")
            if state == "paused" and not check_mode:
                decisions += _hold(session, api, names)
        return {"changed": changed, "decisions": bounded(decisions)}


def applications_of(plan: Plan, site: str) -> list[str]:
    """namespace/name of each."""
    return list(((plan.metadata.gitops or {}).get("applications") or {}).get(site, []))


def sync_findings(plan: Plan, api: Api) -> Iterator[Finding]:
    """What the plan's Applications at a site would do to a move."""
    ignored = (plan.metadata.gitops or {}).get("run_strategy_ignored", False)
    place = commit_place(plan)
    for name in applications_of(plan, api.site):
        on = f"Application/{name}"
        seen = _find(api, name)
        if seen is None:
            yield Finding("blocker", "ApplicationAbsent", on, "it is not there", "correct metadata.gitops", api.site)
        elif (syncs_by_itself(seen) or recorded(seen)) and not (ignored or leaves_power_alone(seen, plan.namespaces)):
            message = "its automated sync sets the runStrategy of VMs to what Git says, and would stop or start them"
            remedy = (
                f"add ignoreDifferences for VirtualMachine /spec/runStrategy and the sync option {RESPECT}, or set "
                "metadata.gitops.run_strategy_ignored"
            )
            yield Finding("blocker", "GitSetsPower", on, message, remedy, api.site)
        if seen is not None and place is not None and brings_folder(seen, place["path"][api.site]):
            message = f"it brings {place['path'][api.site]}, and is paused when the volumes are committed there"
            remedy = "let another Application bring that folder, which metadata.gitops.applications does not name"
            yield Finding("blocker", "VolumesPaused", on, message, remedy, api.site)


def paused_findings(plan: Plan, api: Api) -> Iterator[Finding]:
    """What a run has left paused where the plan lives."""
    for name in applications_of(plan, api.site):
        if recorded(_find(api, name) or {"metadata": {}}):
            message = "its automated sync is paused, and the plan lives there: Git's changes do not arrive"
            remedy = "finish the run, or give it back from its annotation once it leaves the runStrategy alone"
            yield Finding("warning", "SyncPaused", f"Application/{name}", message, remedy, api.site)


def target_findings(plan: Plan, found: Protected, api: Api) -> Iterator[Finding]:
    """What Git has brought to the site where the plan does not live, and what it has not."""
    there = list_vms(plan, api)
    for key in sorted(found.vms.keys() - there.keys()):
        message = "Git has not brought it there, or without the plan's labels"
        yield Finding("warning", "NotFromGit", f"VirtualMachine/{key}", message, "sync it there, halted", api.site)
    for key, vm in sorted(there.items()):
        obstacle = obstacle_of_vm(vm)
        if obstacle:
            remedy = "halt it in Git for that site, without dataVolumeTemplates or with that annotation"
            yield Finding("blocker", "GitStartsVm", f"VirtualMachine/{key}", obstacle, remedy, api.site)


def _sites(session: Session) -> list[str]:
    """A clean-up of the old source leaves the site alone where the plan runs, and a start or stop the other one."""
    if session.run.operation in IN_PLACE:
        return [session.target]
    return [session.source] if session.run.operation == "reprotect" else [session.source, session.target]


def _api(session: Session, site: str, decisions: list[str]) -> Api | None:
    try:
        return session.site_api(site)
    except Unreachable as error:
        if session.run.operation != "failover":
            raise
        decisions.append(f"{site}: its sync from Git is as it was, as the site does not answer: {error.seen}")
        return None


def _find(api: Api, name: str) -> Object | None:
    namespace, _slash, plain = name.partition("/")
    return api.find(APPLICATION, plain, namespace)


def _pause(session: Session, api: Api, name: str) -> tuple[bool, str]:
    def decide(seen: Object) -> tuple[Object, str]:
        body = pausing(seen)
        if body:
            return body, "is paused"
        return {}, "is paused already" if recorded(seen) else "has no automated sync"

    return _write(session, api, name, decide)


def _resume(session: Session, api: Api, name: str) -> tuple[bool, str]:
    ignored = (session.plan.metadata.gitops or {}).get("run_strategy_ignored", False)

    def decide(seen: Object) -> tuple[Object, str]:
        if recorded(seen) is None:
            return {}, "was not paused by us"
        if not ignored and not leaves_power_alone(seen, session.plan.namespaces):
            return {}, (
                "STAYS PAUSED: it would set the runStrategy of VMs to what Git says. Let it ignore /spec/runStrategy, "
                f"with {RESPECT}, then give it back: the annotation holds its automated sync"
            )
        try:
            return resuming(seen), "is given back as it was"
        except ValueError as error:
            return {}, f"STAYS PAUSED: {error}"

    return _write(session, api, name, decide)


def _write(session: Session, api: Api, name: str, decide: Any) -> tuple[bool, str]:
    namespace, _slash, plain = name.partition("/")
    for attempt in range(ATTEMPTS):
        seen = _find(api, name)
        if seen is None:
            return False, "is not there"
        body, why = decide(seen)
        if not body or session.check_mode:
            return bool(body), why
        session.verify_lock()
        try:
            api.patch(APPLICATION, plain, namespace, body)
        except Conflict:
            # its controller writes it too
            if attempt == ATTEMPTS - 1:
                raise
            continue
        return True, why
    raise AssertionError("unreachable")


def _hold(session: Session, api: Api, names: list[str]) -> list[str]:
    """Until nothing syncs any more, and nobody has given the automated sync back for a while."""
    try:
        _await_quiet(session, api, names)
    except (Conflict, Timeout) as error:
        if session.run.operation != "failover":
            raise
        return [f"{api.site}: {error}"]
    return []


def _await_quiet(session: Session, api: Api, names: list[str]) -> None:
    deadline = Deadline(session.clock, OPERATION_TIMEOUT)
    while True:
        seen = {name: _find(api, name) or {"spec": {}, "metadata": {}} for name in names}
        for name, item in seen.items():
            if automated(item) is not None:
                raise _given_back(api, name, item)
        syncing = [name for name, item in seen.items() if is_syncing(item)]
        session.progress.emit("quiesce", len(names) - len(syncing), len(names), waiting_for=", ".join(syncing[:3]))
        if not syncing and deadline.elapsed >= HOLD:
            return
        if deadline.over:
            raise Timeout(
                "pause the sync from Git",
                site=api.site,
                on=f"Application/{syncing[0]}",
                seen="an operation of it is still Running",
                waited=deadline.elapsed,
                next_step="let it end, or terminate it, then start again",
            )
        session.clock.sleep(POLL)


def _given_back(api: Api, name: str, item: Mapping[str, Any]) -> DrError:
    owners = [f"{owner['kind']} {owner['name']}" for owner in item["metadata"].get("ownerReferences") or []]
    return Conflict(
        "pause the sync from Git",
        site=api.site,
        on=f"Application/{name}",
        seen=f"somebody gave its automated sync back: {', '.join(owners) or 'a parent Application, or a person'}",
        wanted="paused until the plan runs",
        next_step="let its ApplicationSet ignore /spec/syncPolicy (ignoreApplicationDifferences), then start again",
    )
