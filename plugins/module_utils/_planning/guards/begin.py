# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May this run begin? Pure functions over what both sites and the records of earlier runs say (P1, P4, P6, P10)."""

from __future__ import annotations

from collections.abc import Sequence

from ..._errors import Refused
from ..._model.group_status import GroupStatus
from ..._model.plan import Plan
from ..._model.run import BACKGROUND, CLEANUP, IN_PLACE, START, STOP, Run
from .home import last_move
from .promotion import PeerClearance, absent_is_secondary, check_one_writer, check_primary


def check_asked(plan: Plan, operation: str, target: str | None, declared_lost: str | None) -> None:
    """A run says where; only the other site can be lost, and only a failover and a start go on without it."""
    in_place = operation in IN_PLACE
    if target is None and operation not in ("reprotect", *BACKGROUND):
        raise Refused(
            f"begin {operation}",
            on=f"plan {plan.name}",
            seen="no site" if in_place else "no target",
            wanted=f"{'dr_site' if in_place else 'dr_target'}: {' or '.join(plan.sites)}",
            next_step=f"name the site {'where to ' + operation if in_place else 'that the plan is to live at'}",
        )
    if declared_lost and operation == STOP:
        raise Refused(
            "begin stop",
            seen=f"dr_declare_lost={declared_lost}",
            wanted="no declaration: a stop asks nothing of the other site",
            next_step="leave dr_declare_lost out",
        )
    if declared_lost and operation not in ("failover", START):
        raise Refused(
            f"begin {operation}",
            seen=f"dr_declare_lost={declared_lost}",
            wanted=f"both sites: {operation} needs {declared_lost} too",
            next_step="run failover if it is lost, else leave dr_declare_lost out",
        )
    if target is not None and declared_lost not in (None, plan.peer_of(target)):
        raise Refused(
            "declare a site lost",
            seen=f"dr_declare_lost={declared_lost}",
            wanted=f"{plan.peer_of(target)}, the site {'without' if in_place else 'that is to lose'} {plan.name}",
            next_step=f"correct {'dr_site' if in_place else 'dr_target'} or dr_declare_lost",
        )


def check_debts(runs: Sequence[Run], target: str) -> None:
    """A site that was lost and not provably fenced is no target before it was observed to be clean."""
    for run in runs:
        if run.fence_debt and run.source == target:
            raise Refused(
                f"move a plan to {target}",
                on=f"run {run.id}",
                seen=f"fence debt since {run.started}: {run.fence_debt}",
                wanted=f"{target} observed to be clean",
                next_step="reprotect first; see docs/fence_debt.md",
            )


def check_one_home(plan: Plan, target: str, there: Sequence[GroupStatus], runs: Sequence[Run]) -> None:
    """A target that is primary already is no place to be beside another primary, unless the plan was moved there last:
    somebody may have promoted a copy by hand."""
    moved = last_move(runs)
    split = [status.group for status in there if status.role == "primary"]
    if not split or (moved and moved.target == target):
        return
    peer = plan.peer_of(target)
    raise Refused(
        f"move the plan to {target}",
        on=f"group {plan.name}/{split[0]}",
        seen=f"primary at both sites; run {moved.id} moved it to {moved.target}"
        if moved
        else "primary at both sites, and no run has moved it",
        wanted="one primary",
        next_step=f"reprotect: it keeps the data of {moved.target} and replaces that of {target}"
        if moved
        else f"reprotect with dr_target={target} or dr_target={peer}: it keeps the data of that site and replaces the"
        " other's",
    )


def check_unfinished(unfinished: Run | None, operation: str, target: str, declared_lost: str | None) -> None:
    """The same run is resumed; a planned move goes on as a failover when its source was lost meanwhile."""
    if unfinished is None or (unfinished.operation, unfinished.target) == (operation, target):
        return
    if (unfinished.operation, operation, unfinished.target) == ("relocate", "failover", target) and declared_lost:
        return
    raise Refused(
        f"begin {operation} to {target}",
        on=f"run {unfinished.id}",
        seen=f"{unfinished.operation} to {unfinished.target} was begun at {unfinished.started} and has not ended",
        wanted="no unfinished run on this plan",
        next_step=f"finish it: run {unfinished.operation} with dr_target={unfinished.target} again",
    )


def check_source(operation: str, source: str, state: str, message: str, declared_lost: str | None) -> None:
    """A failover wants a decision, a stop and a cleanup nothing, all else an answer; a start does with either."""
    if operation in (CLEANUP, STOP) or (operation == START and declared_lost):
        return
    if operation != "failover":
        if state == "reachable":
            return
        raise Refused(
            operation,
            site=source,
            seen=f"{state}: {message}",
            wanted="both sites",
            next_step=f"bring {source} back; if it is lost, {_if_lost(operation)} dr_declare_lost={source}",
        )
    if declared_lost:
        return
    states = {
        "reachable": f"{source} answers, so a failover would give up data that a planned move keeps",
        "unreachable": f"{source} does not answer, which does not mean that it has stopped: {message}",
        "failed": f"{source} answers with an error: {message}",
    }
    raise Refused(
        operation,
        site=source,
        seen=states[state],
        wanted=f"a decision: dr_declare_lost={source}",
        next_step=f"make sure that {source} cannot write any more, then declare it lost",
    )


def check_startable(
    plan: str,
    target: str,
    source: str,
    here: Sequence[GroupStatus],
    there: Sequence[GroupStatus],
    declared_lost: str | None,
) -> None:
    """P1 as far as roles tell. What is left of VMs there, and whether a lost site is fenced, is looked at later."""
    lost = declared_lost is not None
    roles = {status.group: status.role for status in there if status.reachable}
    for status in here:
        follows = f"start {plan} where it lives, with dr_site={source}; relocate or failover moves it to {target}"
        remedy = follows if status.role == "secondary" else f"bring the replication at {target} back"
        check_primary(plan, target, status, remedy)
        if roles.get(status.group) == "primary" and not lost:
            raise Refused(
                "start VMs",
                site=target,
                on=f"group {plan}/{status.group}",
                seen=f"at {source}: role primary",
                wanted=f"secondary at {source}",
                next_step=f"reprotect with dr_target={target} or dr_target={source}: it keeps the data of that site and"
                " replaces the other's; nothing was started",
            )
    peer = PeerClearance(declared_lost=lost, fenced=lost, vms_off=True)
    check_one_writer(plan, target, source, here, absent_is_secondary(there), peer)


def _if_lost(operation: str) -> str:
    return "say so:" if operation == START else "that is a failover with"
