# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what somebody else brings to the target, saying what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..._cluster.clock import Deadline
from ..._errors import Timeout
from ..run.session import Session

POLL = 5.0


@dataclass(frozen=True)
class Awaited:
    """stage: as progress calls it. by: who brings it. wanted, bring_it: in words, the latter what a person does."""

    stage: str
    total: int
    by: str
    wanted: str
    bring_it: str


def await_brought(session: Session, what: Awaited, missing: Callable[[], list[str]], timeout: float) -> None:
    """Look until nothing is missing. missing: in words, the object first; it may do what makes it less."""
    deadline = Deadline(session.clock, timeout)
    while True:
        left = missing()
        done, named = max(0, what.total - len(left)), ", ".join(left[:3])
        session.progress.emit(what.stage, done, what.total, waiting_for=named)
        if not left:
            return
        if deadline.over:
            raise Timeout(
                f"wait for what {what.by} brings",
                site=session.target,
                on=left[0],
                seen=f"{len(left)} of {what.total} are not there: {', '.join(left[:5])}",
                wanted=what.wanted,
                waited=deadline.elapsed,
                next_step=f"{what.bring_it}, then start again",
            )
        session.clock.sleep(min(POLL, deadline.left))
