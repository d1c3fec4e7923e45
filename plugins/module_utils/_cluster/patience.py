# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One retry loop: a request is sent again while its failure may pass, with growing random pauses, up to a deadline."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from .._errors import DrError
from .clock import Clock, Deadline

Value = TypeVar("Value")

# what servers answer while they restart or are overloaded
PASSING = frozenset({429, 500, 502, 503, 504})
FIRST_PAUSE = 0.25
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


def patiently(clock: Clock, seconds: float, send: Callable[[float], Value], passes: Callable[[DrError], bool]) -> Value:
    """What send gives; it is told the seconds left. Its last error, where no error passes within the seconds."""
    deadline = Deadline(clock, seconds)
    longest = FIRST_PAUSE
    while True:
        try:
            return send(deadline.left)
        except DrError as error:
            if not passes(error):
                raise
            pause = _pause(longest, error.retry_after)
            if deadline.left <= pause:
                error.waited = deadline.elapsed
                raise
        clock.sleep(pause)
        longest = min(LONGEST_PAUSE, longest * 2)


def seconds_of(retry_after: str | None) -> float | None:
    """A `Retry-After` header in seconds; none where it is absent or a date."""
    return float(retry_after) if retry_after and retry_after.isdigit() else None


def _pause(longest: float, retry_after: float | None) -> float:
    if retry_after is not None:
        return retry_after + random.uniform(0, 0.5)
    return random.uniform(SHORTEST_PAUSE, longest)
