# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node of a plan's schema for what only a provider understands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from .plan_problem import Path, describe
from .plan_schema import Reading
from .plan_secrets import has_credentials, is_secret_key

DEEPEST: Final = 24


class FreeForm:
    """A mapping of whatever a provider understands, as long as it is plain data without secrets in it."""

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, Mapping):
            return reading.wrong_type(at, value, "a mapping")
        return self._copy(value, at, reading, 0)

    def _copy(self, value: Any, at: Path, reading: Reading, depth: int) -> Any:
        if depth > DEEPEST:
            return reading.problem(at[: len(at) - depth], f"is nested deeper than {DEEPEST} levels")
        if isinstance(value, Mapping):
            return self._copy_mapping(value, at, reading, depth)
        if isinstance(value, (list, tuple)):
            return [self._copy(item, (*at, index), reading, depth + 1) for index, item in enumerate(value)]
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            if has_credentials(value):
                return reading.problem(at, "has a password in its URL; a plan refers to secrets and never holds them")
            return str(value)
        if isinstance(value, int) and abs(value) < 2**63:
            return int(value)
        if isinstance(value, float) and math.isfinite(value):
            return float(value)
        return reading.wrong_type(at, value, "a text, a number, true, false, a list or a mapping")

    def _copy_mapping(self, value: Mapping[Any, Any], at: Path, reading: Reading, depth: int) -> dict[str, Any]:
        copied = {}
        for key, item in value.items():
            if not isinstance(key, str):
                reading.problem((*at, key), f"keys are texts, got {describe(key)}; put it in quotes")
            elif is_secret_key(key) and isinstance(item, (str, int, float)) and not isinstance(item, bool):
                remedy = f"name where it is instead: {key}_env: VARIABLE or {key}_file: PATH"
                reading.problem((*at, key), f"a plan refers to secrets and never holds them; {remedy}")
            else:
                copied[str(key)] = self._copy(item, (*at, key), reading, depth + 1)
        return copied
