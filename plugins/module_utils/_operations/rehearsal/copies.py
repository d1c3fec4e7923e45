# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes of a rehearsal: each group's secondary copied by its product, the copies bound to claims of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._errors import Conflict, Unsupported
from ..._model.plan import Group, Plan
from ..._planning.rehearsal.place import clone_name
from ..._planning.rehearsal.volumes import on_copy
from ..._planning.report.document import REHEARSED
from ..._planning.volumes.patch import VolumeDecision
from ..capture.metadata_source import chosen_capture, source_of
from ..entry import bounded
from ..plan.groups import Groups
from ..run.session import Session
from ..volumes.binding import bind
from ..volumes.changes import list_existing, settle_all
from ..volumes.volumes import decide, verify_volumes
from .place import enter


def check_copies(plan: Plan, groups: Groups) -> None:
    """Refused, before anything is made, where a product could not copy what it replicates."""
    for group in plan.groups:
        provider = groups.provider(group)
        if not provider.capabilities.clones:
            raise Unsupported(
                "rehearse",
                on=f"group {group.name}",
                seen=f"provider {provider.name} cannot copy a secondary",
                wanted="a product with clones for every group of the plan",
                next_step="docs/providers.md lists what each provider can do; docs/test_failover.md what can be done"
                " without",
            )


def copy_volumes(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Claims as a move would make them, in the rehearsal's namespaces, each on a copy of its own."""
    with Session(plan, run_id, check_mode) as session, session.step("volumes") as summary:
        result = _copy(session, timeout)
        summary.update({name: result[name] for name in ("volumes", "created")})
        return result


def _copy(session: Session, timeout: float) -> dict[str, Any]:
    plan = session.plan
    capture = source_of(plan).manifests(session.api, chosen_capture(session))
    decided = decide(plan, capture, session.target, session.run.recovery_point)
    for decision in decided:
        session.groups.check_covered(session.target, decision.pvc, decision.pv)
    if session.check_mode:
        told = [
            {"claim": item.claim, "reasons": [*item.reasons, "it gets a copy for the rehearsal"]} for item in decided
        ]
        return {"changed": bool(decided), "volumes": len(decided), "created": 0, "rebound": 0, "decisions": told}
    copies = _copied(session, decided)
    changes = settle_all(copies, list_existing(session.api), session.target)
    enter(session)
    bind(session, changes, timeout)
    bound = [change.decision for change in changes]
    check_apart(session, bound)
    verify_volumes(session.api, plan, bound, session.target)
    session.put("volumes", [{"pv": item.pv, "pvc": item.pvc, "rule": item.rule} for item in bound])
    counts = {"volumes": len(bound), "created": sum(change.creates > 0 for change in changes), "rebound": 0}
    told = [{"claim": item.claim, "reasons": list(item.reasons)} for item in bound]
    return {"changed": any(change.creates for change in changes), **counts, "decisions": bounded(told)}


def check_apart(session: Session, decisions: list[VolumeDecision]) -> None:
    """P1 for a rehearsal: none of its volumes is one that the plan replicates."""
    for decision in decisions:
        group = session.groups.of_claim(decision.pvc)
        if session.groups.provider(group).covers(group, session.target, decision.pv):
            raise Conflict(
                "rehearse on a copy",
                site=session.target,
                on=f"PersistentVolume/{decision.pv['metadata']['name']}",
                seen=f"group {group.name} replicates what it names",
                wanted="a copy that replication knows nothing of",
                next_step="no VM was started: run test_cleanup, and look at the copies of that group",
            )


def _copied(session: Session, decided: list[VolumeDecision]) -> list[VolumeDecision]:
    """taken of each group's copy is recorded: it says how old the data is that was tried."""
    plan, name = session.plan, clone_name(session.plan)
    by_group: dict[str, tuple[Group, list[VolumeDecision]]] = {}
    for decision in decided:
        group = session.groups.of_claim(decision.pvc)
        by_group.setdefault(group.name, (group, []))[1].append(decision)
    sources: dict[str, Mapping[str, Any]] = {}
    taken: dict[str, str | None] = {}
    for number, (group, mine) in enumerate(by_group.values()):
        session.progress.emit("volumes copied", number, len(by_group), waiting_for=group.name)
        session.verify_lock()
        made = session.groups.provider(group).clone(group, session.target, name, [item.pv for item in mine])
        sources |= made.sources
        taken[group.name] = made.taken.isoformat() if made.taken else None
    session.put(REHEARSED, {**(session.load(REHEARSED) or {}), "taken": taken})
    return [on_copy(item, sources[item.pv["metadata"]["name"]], plan) for item in decided]
