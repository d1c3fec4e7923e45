# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps a playbook has, and which of them a person wants now."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepsAsked:
    """steps: of the playbook, in order, the last one ends the run. first, last: a part of them, both included.

    plan_file: where the plan was read, for the command that a person may type; None for a document.
    """

    steps: tuple[str, ...] = ()
    first: str | None = None
    last: str | None = None
    plan_file: str | None = None
