# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfers that take longer than the plan allows; both controls have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..._cluster.clock import Clock, Deadline
from ..._errors import DrError, Timeout, Unreachable


@contextmanager
def transfer_within(seconds: float, clock: Clock, status: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
    """A call that answers once its transfer is over: no answer within the seconds is a Timeout with the last state."""
    deadline = Deadline(clock, seconds)
    try:
        yield
    except Unreachable as error:
        if not deadline.over:
            raise
        raise Timeout(
            error.tried,
            site=error.site,
            on=error.on,
            seen=_last_state(status),
            wanted="a transfer that is whole",
            waited=deadline.elapsed,
            next_step="look for what holds the transfer up, or raise `timeout` in the group's options in the plan; "
            "then start again",
        ) from error


def _last_state(status: Callable[[], Mapping[str, Any]]) -> str:
    try:
        seen = status()
    except DrError as error:
        return f"its state could not be read: {error}"
    return "; ".join(filter(None, [f"role {seen['role']}, health {seen['health']}", seen["error"]]))
