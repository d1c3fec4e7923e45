# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that tries again what a start left off: short enough to be read, shown and run. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._model.run import Run
from ..run.command import resuming_command

# Linux runs no command with an argument of 128 KB, and a module's whole result has 64 KB
MOST_NAMED = 100
LONGEST = 8_000


@dataclass(frozen=True)
class Retry:
    """command: None where there is nothing to try. note: where it does not name all that it is for."""

    command: str | None
    note: str = ""


def retry_of(run: Run, keys: Sequence[str], site: str, plan_file: str | None, narrowed: bool = False) -> Retry:
    """What tries only these again, as the next attempt of the run. keys: in the order of their start.

    narrowed: the start was asked for some only, so that one of all would start what was left out.
    """
    if not keys:
        return Retry(None)

    def command(number: int) -> str:
        return resuming_command(run, plan_file, {"dr_only": list(keys[:number])} if number else {}, site)

    fit = next((number for number in range(min(len(keys), MOST_NAMED), 1, -1) if len(command(number)) <= LONGEST), 1)
    if fit == len(keys):
        return Retry(command(fit))
    again = f"the command to try {len(keys)} again names"
    if not narrowed:
        return Retry(command(0), f"{again} none of them: it starts whatever is not up")
    # what is needed begins before what needs it, so that the first ones need none of the others
    rest = f"as dr_only leaves others out; the command that this start was asked by tries all {len(keys)}"
    return Retry(command(fit), f"{again} the first {fit} of them, {rest}")
