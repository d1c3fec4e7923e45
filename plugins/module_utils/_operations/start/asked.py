# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call of vm_startup asks for, from the module's options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.start_asked import Asked, HookOutcome


def asked_of(given: Mapping[str, Any]) -> Asked:
    hook = given["hook"]
    plan = given["plan"]
    return Asked(
        only=tuple(given["only"]),
        hook=HookOutcome(hook["wave"], hook["passed"], hook["reason"]) if hook else None,
        open_gates=tuple(given["open_gates"]),
        plan_file=plan if isinstance(plan, str) else None,
    )
