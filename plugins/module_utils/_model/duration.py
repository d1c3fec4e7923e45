# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as people write them: 90s, 15m, 1h30m, 14d."""

from __future__ import annotations

import re
from datetime import timedelta

LONGEST = timedelta(days=3650)
_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PATTERN = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,9}}){unit})?" for unit in _UNITS))
_EXPECTED = "wanted a duration such as 90s, 15m, 1h30m or 14d, or a whole number of seconds"


def parse_duration(value: object) -> timedelta:
    """The duration that the text (units w, d, h, m, s in this order) or the whole number of seconds means."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(_EXPECTED)
    seconds = _seconds(value) if isinstance(value, str) else value
    if seconds < 0:
        raise ValueError(f"a duration cannot be negative; {_EXPECTED}")
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"a duration cannot be longer than {format_duration(LONGEST)}")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """The shortest text that parse_duration reads back, in whole seconds."""
    left = int(duration.total_seconds())
    if left < 0:
        raise ValueError("a duration cannot be negative")
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _seconds(text: str) -> int:
    match = _PATTERN.fullmatch(text)
    if match is None or not text:
        unit_hint = f"; add a unit: {text}s" if re.fullmatch("[0-9]{1,9}", text) else ""
        raise ValueError(f"{_EXPECTED}{unit_hint}")
    return sum(int(count) * _UNITS[unit] for unit, count in match.groupdict().items() if count)
