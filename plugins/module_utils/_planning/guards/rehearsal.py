# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a plan be rehearsed? Pure; each refusal says what to do (P10)."""

from __future__ import annotations

from ..._errors import Refused, Unsupported
from ..._model.plan import Plan
from ..._model.run import REHEARSAL, Run

GUIDE = "docs/test_failover.md"


def check_rehearsable(plan: Plan, operation: str, restores: bool) -> None:
    """restores: whether manifests come from the plan's captures, and not from somebody who knows one place for them."""
    if operation == REHEARSAL and not restores:
        raise Unsupported(
            "rehearse",
            on=f"plan {plan.name}",
            seen=f"metadata.source {plan.metadata.source}, which brings manifests to their own namespaces only",
            wanted="oadp or export",
            next_step=f"{GUIDE} says what can be tried without",
        )


def check_unfinished_move(unfinished: Run | None, operation: str) -> None:
    """What is half moved is finished first; only a cleanup takes nothing from it."""
    if unfinished is not None and operation == REHEARSAL:
        raise Refused(
            f"begin {operation}",
            on=f"run {unfinished.id}",
            seen=f"{unfinished.operation} to {unfinished.target} was begun at {unfinished.started} and has not ended",
            wanted="no unfinished run on this plan",
            next_step=f"finish it: run {unfinished.operation} with dr_target={unfinished.target} again",
        )
