# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a run start its VMs from a recovery point? Pure; each refusal says what to do (P5, P10)."""

from __future__ import annotations

from collections.abc import Sequence

from ..._errors import Refused
from ..._model.plan import Plan
from ..._model.run import REHEARSAL, Run
from .home import last_move

GUIDE = "docs/recovery_points.md"


def check_recovery_asked(plan: Plan, operation: str, point: str, restores: bool) -> None:
    """restores: whether manifests come from the plan's captures, and not from somebody who has only the newest."""
    if not point:
        return
    if operation not in ("failover", REHEARSAL):
        raise Refused(
            f"begin {operation}",
            on=f"plan {plan.name}",
            seen=f"dr_recovery_point={point}",
            wanted=f"none: an older state is tried by {REHEARSAL} and taken up by failover, and by nothing else",
            next_step="run one of these, or leave dr_recovery_point out",
        )
    if not restores:
        raise Refused(
            f"begin {operation} from a recovery point",
            on=f"plan {plan.name}",
            seen=f"metadata.source {plan.metadata.source}, which knows no older manifests",
            wanted="oadp or export",
            next_step=f"{operation} without it takes the newest copies; {GUIDE} says how a VM gets a clone by hand",
        )


def check_same_point(unfinished: Run | None, point: str, chosen: bool) -> None:
    """chosen: whether the unfinished run has chosen its capture, and may have made volumes from it."""
    if unfinished is None or not chosen or (unfinished.recovery_point or "") == point:
        return
    seen, options = "it goes to the newest copies", "without dr_recovery_point"
    if unfinished.recovery_point:
        seen = f"it starts from recovery point {unfinished.recovery_point}"
        options = f"with dr_recovery_point={unfinished.recovery_point}"
    other = ", or take it away by test_cleanup and begin anew" if unfinished.operation == REHEARSAL else ""
    raise Refused(
        "go on with the run",
        on=f"run {unfinished.id}",
        seen=seen,
        wanted=f"recovery point {point}" if point else "the newest copies",
        next_step=f"finish it: run the same command {options}{other}; volumes of two states are never mixed",
    )


def check_point_taken_up(plan: Plan, target: str, point: str, runs: Sequence[Run]) -> None:
    """That the plan lives at the target is no reason to have nothing to do when another state was asked for."""
    moved = last_move(runs)
    if not point or (moved is not None and (moved.target, moved.recovery_point) == (target, point)):
        return
    raise Refused(
        f"start from recovery point {point}",
        site=target,
        on=f"plan {plan.name}",
        seen="it is primary there already" + (f", by run {moved.id}" if moved else ""),
        wanted="a move to that site: what VMs write to is not replaced under them",
        next_step=f"{GUIDE} says how a VM gets a clone, or the newest copy, where it lives",
    )
