# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wait loop: until a value is there, a terminal state raises, or the deadline passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .._errors import Timeout
from .clock import Clock, Deadline

Value = TypeVar("Value")

FIRST_POLL = 0.1
LONGEST_POLL = 2.0


def wait_for(
    clock: Clock,
    seconds: float,
    look: Callable[[], tuple[Value, str]],
    tried: str,
    site: str,
    on: str,
    next_step: str | None = None,
) -> Value:
    """Call look until its value is true; it returns (value, state in words) and raises on a terminal state."""
    deadline = Deadline(clock, min(seconds, clock.longest_wait))
    pause = FIRST_POLL
    while True:
        value, seen = look()
        if value or not clock.waits:
            return value
        if deadline.over:
            raise Timeout(
                tried,
                site=site,
                on=on,
                seen=seen,
                waited=deadline.elapsed,
                next_step=next_step or "look there, then start again",
            )
        clock.sleep(min(pause, deadline.left))
        pause = min(LONGEST_POLL, pause * 1.5)
