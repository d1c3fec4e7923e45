# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clearing a fence debt: by observing that the site which was lost is clean again (DESIGN §1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..._errors import DrError, Refused
from ..._model.plan import Plan
from ..._model.run import Run
from ..._planning.guards.switch import is_clean_secondary
from ..._planning.run.fenced_plans import fenced_plans
from ..._providers.foretelling import would_change
from ..inventory.remains import remains_at
from ..run.session import Session
from ..stop.latch_closing import latch_is_closed


def unfence(plan: Plan, run_id: str, check_mode: bool) -> dict[str, Any]:
    """Let the returned site's storage in again, once its VMs are proven off and its copies are not writable."""
    with Session(plan, run_id, check_mode) as session, session.step("fence") as summary:
        if check_mode:
            # what is to make it harmless was only said to be done
            fenced = bool(_let_in(session))
            return {
                "changed": fenced,
                "msg": f"{'would let' if fenced else 'no group had to let'} {session.source} in again",
            }
        _check_harmless(session)
        session.verify_lock()
        summary["unfenced"] = changed = _let_in(session)
        msg = f"{len(changed)} groups let {session.source} in again"
        if others := _let_in_too(session, changed):
            summary["let_in_too"] = others
            msg += f"; by the same addresses it may be let in for {others}"
        return {"changed": bool(changed), "msg": msg}


def _let_in(session: Session) -> list[str]:
    """Names of the groups whose fence this lifts, or would."""
    return [
        group.name
        for group in session.plan.groups
        if (provider := session.groups.provider(group)).capabilities.fencing
        and would_change(partial(provider.unfence, group, session.target, session.source))
    ]


def _let_in_too(session: Session, groups: Sequence[str]) -> str:
    """Other plans whose fence a product may have lifted with that of these groups: it does not know for whom it was."""
    if not any(session.groups.provider(g).shares_fences for g in session.plan.groups if g.name in groups):
        return ""
    try:
        found = fenced_plans(session.store.heads_of_all(), session.source)
    except DrError as error:
        # a record of another plan; ours is let in already
        return f"other plans, whose runs could not be read: {error}"
    others = [plan for plan in found if plan != session.plan.name]
    return f"plan {', '.join(others)}, not reprotected yet" if others else ""


def clear_debts(plan: Plan, run_id: str, check_mode: bool) -> dict[str, Any]:
    """Observe that nothing of the plan can write at the source, and that its copies follow; then clear the debts."""
    with Session(plan, run_id, check_mode) as session, session.step("resync") as summary:
        runs = [Run.from_dict(head) for head in session.store.heads(plan.name)] if not check_mode else []
        debts = [run for run in runs if run.fence_debt and run.source == session.source]
        if check_mode:
            return {"changed": False, "cleared": [], "msg": "check mode: nothing was observed to be clean"}
        _check_harmless(session)
        here, there = session.observe_groups()
        if not is_clean_secondary(here, there):
            shown = ", ".join(f"{g.group} {g.role} {g.health} {g.direction}" for g in there)
            raise Refused(
                "clear the fence debt",
                site=session.source,
                on=f"plan {plan.name}",
                seen=shown,
                wanted=f"secondary, following {session.target}",
                next_step="wait for the resynchronisation, or look at the replication; then start again",
            )
        session.verify_lock()
        for run in debts:
            session.store.put_head(run.id, plan.name, replace(run, fence_debt=None).as_dict())
        cleared = [f"{run.id}: {run.fence_debt}" for run in debts]
        summary["cleared"] = cleared
        return {
            "changed": bool(cleared),
            "cleared": cleared,
            "msg": f"{session.source} is clean: latch closed, no VM left, every group follows {session.target}",
        }


def _check_harmless(session: Session) -> None:
    """Nothing of the plan can write at the source: latch closed, VMs gone, copies read-only."""
    api = session.site_api(session.source)
    problems = [] if latch_is_closed(session.plan, api) else ["the latch is open"]
    problems += remains_at(session.plan, api)[:5]
    there = session.observe_groups()[1]
    atomic = session.groups.atomic()
    problems += [
        f"group {status.group} is {status.role}"
        for status in there
        if status.role != "secondary" and status.group not in atomic
    ]
    if problems:
        raise Refused(
            "let the site in again",
            site=session.source,
            on=f"plan {session.plan.name}",
            seen="; ".join(problems),
            wanted="latch closed, VMs proven off, every group secondary",
            next_step="run reprotect from its beginning",
        )
