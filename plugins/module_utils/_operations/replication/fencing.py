# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping a lost site from the volumes that are promoted, and what a run knows about that."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ..._errors import DrError, Refused
from ..._model.plan import Group, Plan
from ..._planning.guards.promotion import PeerClearance
from ..._providers.base import WORKERS
from ..entry import bounded
from ..run.session import Session
from .awaited import expect_captured

# of what a failover does without: a fence that is waived, a demotion at the lost site
SHORT_WAIT = 30.0


def fence_source(plan: Plan, run_id: str, check_mode: bool) -> dict[str, Any]:
    """Make the surviving storage refuse the lost site, prove it, and record what stays unproven as a fence debt."""
    with Session(plan, run_id, check_mode) as session, session.step("fence") as summary:
        if session.run.declared_lost is None:
            summary["state"] = "done"
            return {"changed": False, "fenced": False, "proofs": [], "msg": "the source was not declared lost"}
        session.verify_lock()
        expect_captured(session)
        outcomes = _fence_all(session)
        proofs = [outcome.proof for outcome in outcomes if outcome.proof]
        refusals = [outcome.refusal for outcome in outcomes if outcome.refusal]
        if refusals and not session.run.waived_fencing:
            raise _refused(session, refusals, [outcome.group for outcome in outcomes if outcome.proof])
        # only now: after a refusal the lost site is as it was
        session.verify_lock()
        proofs += _give_up(session)
        session.put("fence", {"fenced": not refusals, "proofs": proofs, "refusals": refusals})
        vms_off = bool((session.load("quiesce") or {}).get("proven_off"))
        peer = PeerClearance(True, not refusals, session.run.waived_fencing, vms_off)
        session.update(fence_debt=peer.fence_debt)
        summary.update({"fenced": not refusals, "debt": peer.fence_debt})
        return {
            "changed": not check_mode,
            "fenced": not refusals,
            "proofs": bounded(proofs),
            "fence_debt": peer.fence_debt,
        }


def _give_up(session: Session) -> list[str]:
    """Demote at the lost site what still answers there as primary: a storage may outlive its cluster.

    An array may be dead although its objects answer: what is not done soon is said, and not waited for.
    Not where that would be a planned switch, which a lost site only delays. One that was silent in this run is not
    asked again: the fence holds without it.
    """
    source = session.source
    if session.source_storage_is_dead:
        return []
    session.groups.wait_at_most(source, SHORT_WAIT)
    groups = {group.name: group for group in session.plan.groups}
    seen = session.groups.observe([source], proofs=False)[source]
    session.note_silent_groups(seen)
    alive = [status.group for status in seen if status.role == "primary"]
    alive = [name for name in alive if name not in session.groups.atomic()]

    def demote(name: str) -> str:
        if session.check_mode:
            return f"{name}: would be demoted at {source}, where its storage answers"
        try:
            session.groups.provider(groups[name]).demote(groups[name], source)
        except DrError as error:
            return f"{name}: {source}'s storage answers and was not demoted: {error}"
        return f"{name}: {source}'s storage answers, and is read-only now"

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return list(pool.map(demote, alive))


@dataclass(frozen=True)
class _Outcome:
    """Of one group: either is empty."""

    group: str
    proof: str = ""
    refusal: str = ""


def _fence_all(session: Session) -> list[_Outcome]:
    if session.run.waived_fencing:
        session.groups.wait_at_most(session.target, SHORT_WAIT)

    def fence(group: Group) -> _Outcome:
        provider, name = session.groups.provider(group), group.name
        if not provider.capabilities.fencing:
            return _Outcome(name, refusal=f"group {name}: provider {provider.name} cannot fence")
        if session.check_mode:
            return _Outcome(name, proof=f"{name}: would fence {session.source}")
        try:
            return _Outcome(name, proof=provider.fence(group, session.target, session.source).evidence)
        except DrError as error:
            return _Outcome(name, refusal=f"group {name}: {error}")

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return list(pool.map(fence, session.plan.groups))


def _refused(session: Session, refusals: Sequence[str], fenced: Sequence[str]) -> Refused:
    """fenced: the groups that are, and stay so: the same command goes on with them."""
    seen, next_step = [*refusals], "fence it, or waive it by name: dr_waive_fencing=<reason>"
    if fenced and not session.check_mode:
        seen.append(f"fenced, and left so: {', '.join(fenced)}")
        next_step += "; the same command goes on from there, and after the failover `reprotect` lets"
        next_step += f" {session.source} in again"
    return Refused(
        f"fence {session.source}",
        site=session.target,
        seen="; ".join(seen),
        wanted="proof that nothing at the lost site can write to these volumes",
        next_step=next_step,
    )


def clearance(session: Session) -> PeerClearance:
    """What this run knows about the other site, from its record."""
    fence = session.load("fence") or {}
    quiesce = session.load("quiesce") or {}
    return PeerClearance(
        declared_lost=session.run.declared_lost is not None,
        fenced=bool(fence.get("fenced")),
        waived=session.run.waived_fencing,
        vms_off=bool(quiesce.get("proven_off")),
    )
