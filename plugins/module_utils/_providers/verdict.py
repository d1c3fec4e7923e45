# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object amounts to, seen against what it is to be. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """One object against a goal. terminal: why waiting cannot help; empty while it can."""

    done: bool
    seen: str
    terminal: str = ""
