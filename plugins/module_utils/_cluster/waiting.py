# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wait loop: until a value is there, a terminal state raises, or the deadline passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .._errors import Failed, Timeout, Unreachable
from .clock import Clock, Deadline
from .patience import PASSING

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
    deadline = Deadline(clock, seconds)
    pause = FIRST_POLL
    while True:
        value, seen = look()
        if value:
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


def look_patiently(look: Callable[[], Value]) -> tuple[Value | None, str]:
    """What look gives, for use in a wait; None and the reason while an API server restarts or is overloaded."""
    try:
        return look(), ""
    except Unreachable as error:
        return None, str(error)
    except Failed as error:
        if error.status is not None and error.status < 500 and error.status not in PASSING:
            raise
        return None, str(error)
