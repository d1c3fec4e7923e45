# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps of its playbook a run goes through now: all, or from one step until another. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..._errors import Refused
from ..._model.run import REFRESH, START, Run
from ..._model.steps_asked import StepsAsked


def chosen_steps(asked: StepsAsked, operation: str, earlier: Run | None, check_mode: bool) -> tuple[str, ...]:
    """The steps to go through; the playbook's last one, which ends the run, is always one of them.

    earlier: the run as its attempts before left it. Check mode starts with the first step: its own record is new, and
    later steps read what earlier ones decided.
    """
    if asked.first is None and asked.last is None:
        return asked.steps
    _check_names(asked, operation)
    *steps, ending = asked.steps
    first = asked.steps.index(asked.first) if asked.first else 0
    last = steps.index(asked.last) if asked.last else len(steps) - 1
    if asked.first and asked.last and first > last:
        raise Refused(
            f"begin {operation}",
            seen=f"dr_from={asked.first} is behind dr_until={asked.last}",
            wanted=f"a part of {', '.join(steps)}",
            next_step="exchange them",
        )
    _check_reached(asked, operation, first, earlier)
    return (*steps[0 if check_mode else first : last + 1], ending)


def step_after(asked: StepsAsked) -> str | None:
    """With which a run goes on that ends after `last`; None where it goes to its end."""
    return asked.steps[asked.steps.index(asked.last) + 1] if asked.last else None


def _check_names(asked: StepsAsked, operation: str) -> None:
    """Every step may be the first one, every step but the last one may be the last."""
    if operation == REFRESH:
        raise Refused(
            f"begin {operation}",
            seen="dr_from or dr_until",
            wanted="the whole of it: a refresh begins anew each time",
            next_step="leave them out",
        )
    for variable, name, allowed in (("dr_from", asked.first, asked.steps), ("dr_until", asked.last, asked.steps[:-1])):
        if name is not None and name not in allowed:
            raise Refused(
                f"begin {operation}",
                seen=f"{variable}={name}",
                wanted=f"one of {', '.join(allowed)}" if allowed else "no range: the playbook names no steps",
                next_step=f"correct {variable}",
            )


def _check_reached(asked: StepsAsked, operation: str, first: int, earlier: Run | None) -> None:
    """Modules record a step, roles may have several of them: only what was gone past is done as a whole."""
    done = _gone_past(asked.steps, earlier)
    if first > done:
        raise Refused(
            f"begin {operation} with dr_from={asked.first}",
            on=f"run {earlier.id}" if earlier else "a new run",
            seen=f"{asked.steps[done]} has not been done",
            wanted=f"{', '.join(asked.steps[:first])} done in this run",
            next_step=f"go on with dr_from={asked.steps[done]}, or leave dr_from out: what is done stays as it is",
        )


def _gone_past(steps: Sequence[str], earlier: Run | None) -> int:
    """How many of the steps an earlier attempt has done one after the other."""
    if earlier is None:
        return 0
    begun = max((index for index, name in enumerate(steps) if name in earlier.steps and name != steps[-1]), default=0)
    if earlier.state == "waiting" and earlier.until in steps:
        begun = max(begun, steps.index(earlier.until) + 1)
    for index, name in enumerate(steps[:begun]):
        if not _is_done(name, earlier):
            return index
    return begun


def _is_done(name: str, run: Run) -> bool:
    record = run.steps.get(name)
    if record is None or record.state != "done":
        return False
    # a start fails nothing by itself: the step behind it does
    return name != START or record.summary.get("left") == 0
