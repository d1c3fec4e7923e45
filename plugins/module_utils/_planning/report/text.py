# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as text of a page: whatever a cluster or a person wrote, nothing of it is markup. Pure."""

from __future__ import annotations

from html import escape
from typing import Any

UNSEEN = "\N{REPLACEMENT CHARACTER}"


def text(value: Any) -> str:
    """Escaped, for elements and attributes. What cannot be printed, or turns the direction of writing, is replaced."""
    shown = "".join(char if char.isprintable() else " " if char.isspace() else UNSEEN for char in str(value))
    return escape(shown, quote=True)


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    if seconds < 120:
        return f"{seconds:g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def clock(moment: str | None) -> str:
    """An ISO 8601 moment without its fractions."""
    if not moment:
        return "?"
    day, _t, time = moment.partition("T")
    return f"{day} {time[:8]} UTC" if time.endswith(("Z", "+00:00")) else moment
