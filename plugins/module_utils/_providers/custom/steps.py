# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a verb: patch all objects, wait until each has done it, or says that it never will."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ..._cluster.api import describe
from ..._errors import DrError, TerminalState
from ..._model.expression import is_true
from ..._model.filled_text import fill
from ..sure_writes import holds, patch_surely
from .description import Step
from .side import Side
from .status import Sight, Unit, asked, described_state, failure, role_of

Done = Callable[[Sight], bool]


def run_steps(
    side: Side,
    verb: str,
    steps: Sequence[Step],
    units: Sequence[Unit],
    done: Done,
    annotations: Mapping[tuple[str, str], Mapping[str, str]] | None = None,
) -> bool:
    """One after the other; whether an object was changed. done: what ends a step that has no `done` of its own.

    annotations: by object, written with the first patch of it.
    """
    notes = dict(annotations or {})
    tried, changed = f"{verb} the group", False
    for step in steps:
        found = side.look(units)
        todo = [unit for unit in found if unit.item and _wanted(step, unit.item)]
        changed = _patch(side, step, todo, notes) or changed
        side.wait(todo, partial(_left, side, step, done, tried), step.timeout, tried)
    return changed


def looked_at(side: Side, units: Sequence[Unit]) -> list[Unit]:
    """As they are when the product has looked at all of them: a run that was cut may have made some a moment ago."""
    made = [unit for unit in side.ours(units) if role_of(side.described, unit) == "unknown"]
    run_steps(side, "replicate", [side.described.waiting("create")], made, lambda sight: sight.role != "unknown")
    return side.look(units)


def to_role(side: Side, steps: Sequence[Step]) -> tuple[Step, ...]:
    """What the last of them calls done may be no more than an order that was taken."""
    return (*steps, side.described.waiting("status.role"))


def _patch(side: Side, step: Step, units: Sequence[Unit], notes: dict[tuple[str, str], Mapping[str, str]]) -> bool:
    """What an object has already is not written again."""
    bodies = {unit.key: _body(step, unit, notes.pop(unit.key, {})) for unit in units}
    todo = [unit for unit in units if not holds(unit.item, bodies[unit.key])]

    def write(unit: Unit) -> None:
        patch_surely(side.api, side.described.kind, unit.key[1], unit.key[0] or None, bodies[unit.key])

    side.each(todo, write)
    return bool(todo)


def _body(step: Step, unit: Unit, annotations: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = fill(dict(step.patch), unit.places)
    if annotations:
        meta = body.get("metadata", {})
        body["metadata"] = {**meta, "annotations": {**meta.get("annotations", {}), **annotations}}
    return body


def _wanted(step: Step, item: Mapping[str, Any]) -> bool:
    return not step.when or is_true(asked(f"{step.path}.when", step.when, item))


def _left(side: Side, step: Step, done: Done, tried: str, units: Sequence[Unit]) -> list[Unit]:
    left = []
    for unit in units:
        if unit.item is None:
            raise _ended(side, step, unit, tried, "it was deleted")
        sight = Sight(side.described, unit.item)
        if sight.leaving:
            raise _ended(side, step, unit, tried, "it is being deleted")
        # a status of before the patch says nothing of it
        if not sight.current:
            left.append(unit)
            continue
        if is_true(asked(f"{step.path}.done", step.done, unit.item)) if step.done else done(sight):
            continue
        if why := failure(f"{step.path}.failed", step.failed, unit.item) or sight.terminal:
            raise _ended(side, step, unit, tried, why)
        left.append(unit)
    return left


def _ended(side: Side, step: Step, unit: Unit, tried: str, why: str) -> DrError:
    return TerminalState(
        tried,
        site=side.site.name,
        on=describe(side.described.kind, *unit.key),
        seen=f"{why} ({described_state(side.described, unit)})",
        wanted=step.done or f"what {step.path} is to reach",
        next_step="remove the cause, then start again: what has been switched already stays",
    )
