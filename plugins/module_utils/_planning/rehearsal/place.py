# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rehearsal of a plan takes place: its own namespaces, and the plan as it is there. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..._model.names import protected_label, rehearsal_label
from ..._model.plan import Plan, Wave
from ..._model.selector import LabelSelector

NAMESPACE_LIMIT = 63
# they ask from outside, or do something there; nothing reaches a rehearsal, and nothing may come out of one
FROM_OUTSIDE = ("tcp", "http", "hook")


def spaces_of(plan: Plan) -> dict[str, str]:
    """The plan's namespaces to those of its rehearsal."""
    base = f"{plan.name}-rehearsal"
    if len(plan.namespaces) == 1:
        return {plan.namespaces[0]: shortened(base, NAMESPACE_LIMIT)}
    return {name: shortened(f"{base}-{name}", NAMESPACE_LIMIT) for name in plan.namespaces}


def clone_name(plan: Plan) -> str:
    """What the copies of a plan's groups are called at their storage."""
    return shortened(f"rehearsal-{plan.name}", NAMESPACE_LIMIT)


def rehearsed_plan(plan: Plan) -> Plan:
    """The plan whose VMs are those of its rehearsal. Lock, run store, budget and groups are the plan's."""
    startup = plan.startup
    return replace(
        plan,
        namespaces=tuple(spaces_of(plan).values()),
        selector=LabelSelector({rehearsal_label(plan.name): "true"}),
        startup=replace(
            startup,
            readiness=replace(startup.readiness, tcp=None, http=None, hook=None),
            waves=tuple(_without_questions(wave) for wave in startup.waves),
        ),
    )


def relabelled(labels: Mapping[str, str] | None, plan: str) -> dict[str, str]:
    """The labels of the original, without the one by which runs of the plan know what is theirs."""
    kept = {key: value for key, value in (labels or {}).items() if key != protected_label(plan)}
    return {**kept, rehearsal_label(plan): "true"}


def shortened(name: str, limit: int) -> str:
    """A name that fits, and stays unlike others."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-.')}-{digest}"


def _without_questions(wave: Wave) -> Wave:
    kept: dict[str, Any] = {key: value for key, value in wave.readiness.items() if key not in FROM_OUTSIDE}
    return replace(wave, readiness=kept)
