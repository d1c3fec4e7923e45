# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switching and observing replication."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from ..._errors import Refused
from ..._model.group_status import GroupStatus
from ..._model.plan import Group, Plan
from ..._planning.guards.phase import phase_check
from ..._planning.guards.promotion import check_machines_off, check_promotion
from ..._planning.guards.switch import check_demotion, check_resync, check_taking_back
from ..._planning.practice.reading import reads
from ..._providers.base import WORKERS
from ..._providers.foretelling import would_change
from ..capture.metadata_source import makes_volumes
from ..entry import bounded
from ..inventory.remains import seen_left
from ..plan.asking import ask_sites
from ..restore.arrival import latch_target
from ..run.session import Session
from .awaited import observe_groups
from .fencing import clearance
from .losses import before_switch
from .taking_back import take_back


def replication_info(plan: Plan, sites: list[str], expect: str | None) -> dict[str, Any]:
    """Role, health and lag of every group at the sites; with expect: whether that is what a phase wants."""
    asked = ask_sites(plan, list(plan.sites) if expect else sites)
    groups, found = asked.replication, asked.groups
    now = datetime.now(UTC)
    result: dict[str, Any] = {
        "changed": False,
        "groups": [
            {
                **status.as_dict(),
                "provider": groups.provider(group).name,
                "lag_seconds": lag.total_seconds() if (lag := status.lag(now)) is not None else None,
            }
            for site in sites
            for group, status in zip(plan.groups, found[site], strict=True)
        ],
    }
    if expect:
        home, away = plan.home, plan.peer_of(plan.home)
        checks = [phase_check(expect, home, away, *pair) for pair in zip(found[home], found[away], strict=True)]
        result["expected"] = [check.as_dict() for check in checks]
        result["as_expected"] = all(check.as_expected for check in checks)
    return result


def switch(plan: Plan, run_id: str, site: str, state: str, forced: bool, check_mode: bool) -> dict[str, Any]:
    """Bring every group of the plan at a site to a state: primary, secondary, resynced, paused or resumed."""
    with Session(plan, run_id, check_mode) as session, session.step(_step(session, site, state)) as summary:
        here, there = observe_groups(session)
        mine, others = (here, there) if site == session.target else (there, here)
        atomic = session.groups.atomic()
        _check(session, site, state, mine, others, forced, atomic)
        session.verify_lock()
        foretold = before_switch(session, site, state, mine, others, forced)
        if atomic and _moves_all(session, site, state):
            latch_target(session)
        unfinished = _unfinished(mine, others, atomic) if _promotes(session, site, state, forced) else frozenset()
        changed = _apply(session, site, state, forced, mine, unfinished)
        last_sync = {status.group: status.as_dict()["last_sync"] for status in mine}
        said = [f"{group}: {state} at {site}" for group in changed]
        summary.update({"groups": len(mine), "changed": changed, "last_sync_before": last_sync, "decisions": said[:20]})
        after = mine if check_mode else session.groups.observe([site], proofs=False)[site]
        if not check_mode:
            _read_back(site, state, after, atomic if session.run.operation == "reprotect" else frozenset())
        return {
            "changed": bool(changed),
            "switched": len(changed),
            # a loss is read before all else
            "decisions": bounded([*foretold, *said]),
            "groups": bounded([status.as_dict() for status in after]),
        }


def prove_sync(plan: Plan, run_id: str, check_mode: bool) -> dict[str, Any]:
    """Final sync of every group from the demoted source, with its proof (P3).

    A group that an earlier attempt promoted already, or a part of it, keeps the proof of then: there is nothing to send
    any more.
    """
    with Session(plan, run_id, check_mode) as session, session.step("sync") as summary:
        if check_mode:
            return {"changed": False, "proofs": [], "decisions": [_ahead(session, group) for group in plan.groups]}
        pairs = zip(*session.observe_groups(), strict=True)
        promoted = {mine.group for mine, other in pairs if _is_taken_up(mine, other)}
        earlier = [proof for proof in session.load("sync") or [] if proof["group"] in promoted]
        todo = [group for group in plan.groups if group.name not in {proof["group"] for proof in earlier}]
        session.verify_lock()
        proofs = session.groups.final_sync(todo, session.source, session.target)
        for proof in proofs:
            if not proof.holds:
                raise Refused(
                    "prove the final sync",
                    site=session.target,
                    on=f"group {plan.name}/{proof.group}",
                    seen=f"{proof.target} at {session.target}",
                    wanted=f"{proof.source}, as at {session.source} ({proof.compared})",
                    next_step="nothing was promoted: look at the replication, then start again",
                )
        proven = [*earlier, *(proof.as_dict() for proof in proofs)]
        session.put("sync", proven)
        summary["proven"] = len(proven)
        return {"changed": bool(todo), "proofs": bounded(proven)}


def _ahead(session: Session, group: Group) -> str:
    """A group's final sync, with what it would read."""
    volumes = [item.pv for item in session.groups.read_in_move(group, session.source) if item.pv]
    return f"{group.name}: final sync" + (f"; {reads(volumes)}" if volumes else "")


def _is_taken_up(mine: GroupStatus, other: GroupStatus) -> bool:
    """Whether the target is primary, or may be for a part of the group, as when an attempt was killed meanwhile.

    What is secondary at the source since its proof has not changed.
    """
    partly = mine.role == "unknown" and mine.reachable and mine.present and other.role == "secondary"
    return mine.role == "primary" or partly


def _check(
    session: Session,
    site: str,
    state: str,
    mine: list[GroupStatus],
    others: list[GroupStatus],
    forced: bool,
    atomic: frozenset[str],
) -> None:
    """The guard of each state. In check mode what a planned switch builds on has not been done."""
    name, other = session.plan.name, session.plan.peer_of(site)
    if session.check_mode and session.run.operation != "failover":
        return
    peer = clearance(session)
    off_here = peer.vms_off and site == session.source
    if state == "secondary":
        check_demotion(name, site, mine, off_here)
        return
    if state == "primary" and site == session.target and forced and not session.check_mode:
        check_machines_off(name, site, other, _left_at_source(session), session.run.waived_fencing)
    proven = {proof["group"] for proof in session.load("sync") or [] if proof["holds"]}
    promoted = session.load("switch") or {}
    for status, theirs in zip(mine, others, strict=True):
        at_once = status.group in atomic
        if state == "resynced":
            check_resync(name, site, other, status, theirs, off_here, at_once)
        elif state == "primary" and site == session.source:
            check_taking_back(name, site, other, status, theirs, at_once and status.group not in promoted)
        elif state == "primary":
            check_promotion(name, site, other, status, theirs, forced, status.group in proven, peer, at_once)


def _left_at_source(session: Session) -> list[str] | None:
    """What there is now where the source answers, as steps may be hours apart; else what the stop has left there."""
    stopped: list[str] | None = (session.load("quiesce") or {}).get("left")
    if session.source_is_dead or session.run.waived_fencing:
        return stopped
    now = seen_left(session.plan, session.reach_source())
    return stopped if now is None else now


def _moves_all(session: Session, site: str, state: str) -> bool:
    """Whether an atomic switch may bring VMs with their volumes: long before the step that looks at these."""
    planned = session.run.operation == "relocate" and state == "secondary" and site == session.source
    return planned and not makes_volumes(session.plan) and not session.check_mode


def _promotes(session: Session, site: str, state: str, forced: bool) -> bool:
    """Whether it is a planned promotion."""
    return state == "primary" and site == session.target and not forced


def _is_planned_demotion(session: Session, site: str) -> bool:
    return session.run.operation == "relocate" and site == session.source


def _unfinished(mine: list[GroupStatus], others: list[GroupStatus], atomic: frozenset[str]) -> frozenset[str]:
    """Groups that have still to be promoted in the product's own way when they are primaries already: by the demotion
    of their source, or by an attempt that was killed before they replicated to it."""
    cut = {
        status.group
        for status, other in zip(mine, others, strict=True)
        if status.role == "primary" and status.direction == "none" and other.role == "secondary"
    }
    return atomic | cut


def _apply(
    session: Session, site: str, state: str, forced: bool, mine: list[GroupStatus], unfinished: frozenset[str]
) -> list[str]:
    """Names of the groups that had to be changed. unfinished: to be promoted whatever their role."""
    wanted = {"primary": "primary", "secondary": "secondary"}.get(state)
    groups = {group.name: group for group in session.plan.groups}
    todo = [
        groups[status.group] for status in mine if wanted is None or status.role != wanted or status.group in unfinished
    ]
    if session.check_mode and wanted:
        return [group.name for group in todo]

    if state == "primary" and site == session.target:
        changed = session.groups.promote(todo, site, forced)
        before = [groups[status.group] for status in mine if status.role == "primary"]
        if forced and before:
            # by an attempt that may have been killed before they could be written to
            session.groups.end_forced(before, site)
        return changed
    if state == "secondary":
        if _is_planned_demotion(session, site):
            session.groups.drain(todo, site)
            # it may have taken long
            session.verify_lock()
        return session.groups.demote(todo, site)

    def act(group: Group) -> bool:
        provider = session.groups.provider(group)
        verbs = {
            "primary": lambda: take_back(provider, group, site, session.target, forced),
            "resynced": lambda: provider.resync(group, site),
            "paused": lambda: provider.pause(group, site),
            "resumed": lambda: provider.resume(group, site),
        }
        return verbs[state]()

    demoted = {status.group for status in mine if status.role == "secondary"}

    def foretell(group: Group) -> bool:
        # what is no copy yet is demoted before it is thrown away
        return (state == "resynced" and group.name not in demoted) or would_change(lambda: act(group))

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        done = pool.map(foretell if session.check_mode else act, todo)
        return [group.name for group, changed in zip(todo, done, strict=True) if changed]


def _read_back(site: str, state: str, after: list[GroupStatus], left_to_resync: frozenset[str]) -> None:
    for status in after:
        if state == "secondary" and status.group in left_to_resync:
            continue
        if state in ("primary", "secondary") and status.role != state:
            raise Refused(
                f"bring the group to {state}",
                site=site,
                on=f"group {status.group}",
                seen=f"role {status.role} after the switch: {status.message}",
                wanted=state,
                next_step="look at the storage, then start again",
            )


def _step(session: Session, site: str, state: str) -> str:
    if state == "primary":
        return "promote" if site == session.target else "rollback"
    return "resync" if state == "resynced" or session.run.operation == "reprotect" else "sync"
