# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates of waves: which ones a run was told to open. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..._errors import Refused
from ..._model.plan import Wave
from ..._model.plan_problem import suggest


def gates_of(waves: Iterable[Wave]) -> list[str]:
    return [wave.name for wave in waves if wave.gate]


def check_gates(waves: Iterable[Wave], given: Iterable[str]) -> None:
    """A misspelt name would leave its gate closed, and nobody would know why."""
    names = {wave.name: wave.gate for wave in waves}
    gates = [name for name, gate in names.items() if gate]
    for name in given:
        if name not in gates:
            unknown = f"{name} is no wave of the plan{suggest(name, gates)}"
            raise Refused(
                "open a gate of the start",
                seen=f"{name} has no gate" if name in names else unknown,
                wanted=" or ".join(gates) or "no name, as the plan has no gates",
                next_step="correct dr_open_gates",
            )


def go_on(gate: str | None) -> str:
    """How a start goes on that ended at a gate, as the end of a sentence; empty without one."""
    if gate is None:
        return ""
    return f"; the gate of the wave {gate} is closed: the same command with -e dr_open_gates={gate} goes on"
