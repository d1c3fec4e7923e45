# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which plans a lost site may still be fenced for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def fenced_plans(heads: Iterable[Mapping[str, Any]], site: str) -> list[str]:
    """heads: of the runs of all plans, oldest first; those of others may have been written by another version."""
    found: dict[str, bool] = {}
    for head in heads:
        plan = str(head.get("plan"))
        if head.get("declared_lost") == site:
            found[plan] = True
        elif (head.get("operation"), head.get("source"), head.get("state")) == ("reprotect", site, "done"):
            found[plan] = False
    return sorted(plan for plan, fenced in found.items() if fenced)
