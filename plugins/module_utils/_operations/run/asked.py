# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call of the module run asks for, from its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.plan import Plan
from ..._model.run_asked import RunAsked
from ..._model.steps_asked import StepsAsked


def asked_of(plan: Plan, given: Mapping[str, Any]) -> RunAsked:
    """Empty texts, as roles pass them, ask for nothing."""
    source = given["plan"]
    steps = StepsAsked(
        steps=tuple(given["steps"]),
        first=given["from_step"] or None,
        last=given["until_step"] or None,
        plan_file=source if isinstance(source, str) else None,
    )
    return RunAsked(
        operation=given["operation"],
        target=plan.site(given["target"]).name if given["target"] else None,
        declare_lost=given["declare_lost"] or None,
        waive_fencing=given["waive_fencing"] or None,
        accept_loss=given["accept_loss"] or None,
        recovery_point=given["recovery_point"],
        open_gates=tuple(given["open_gates"]),
        fingerprint=given["fingerprint"],
        steps=steps,
    )
