# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call of a start asks for beside the plan's order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HookOutcome:
    """What the hook of a wave said."""

    wave: str
    passed: bool
    reason: str = ""


@dataclass(frozen=True)
class Asked:
    """only: keys that may start, or none for all. hook: the outcome of the one that the last call waited for.

    open_gates: waves with a gate that may begin; one that was opened stays open for the run.
    plan_file: where the plan was read, for the command that a person may type.
    """

    only: tuple[str, ...] = ()
    hook: HookOutcome | None = None
    open_gates: tuple[str, ...] = ()
    plan_file: str | None = None
