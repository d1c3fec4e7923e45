# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a copy fresh enough to go on from? Judged against the source's last sign of life, never against now. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..._errors import Refused
from ..._model.duration import format_duration, parse_duration
from ..._model.finding import Finding
from ..._model.group_status import GroupStatus
from ..._model.plan import Plan
from ..losses import Loss

ANY = "any"


@dataclass(frozen=True)
class AcceptedLoss:
    """What a person accepts to lose in this run. most: None when it may be any, and its size unknown."""

    most: timedelta | None


def accepted_loss(text: str | None) -> AcceptedLoss | None:
    """None when nothing was said: then the plan's max_lag decides."""
    if not text:
        return None
    if text == ANY:
        return AcceptedLoss(None)
    try:
        return AcceptedLoss(parse_duration(text))
    except ValueError as error:
        raise Refused(
            "read dr_accept_loss",
            seen=repr(text),
            wanted=f"a duration such as 30m, or {ANY}",
            next_step=str(error),
        ) from error


def check_freshness(
    plan: Plan, target: str, losses: Sequence[Loss], last_seen: str | None, accepted: AcceptedLoss | None
) -> None:
    """Of all groups that a failover is going to promote; what a person accepts counts in place of their max_lag.

    last_seen: the source's newest sign of life. After hours of outage a copy has not become older.
    """
    limits = {group.name: accepted.most if accepted else group.max_lag for group in plan.groups}
    limited = [loss for loss in losses if limits[loss.group] is not None]
    behind = {loss.group: _lag(loss, last_seen) for loss in limited}
    for loss in limited:
        if behind[loss.group] is None:
            seen = f"how old its copy is, nobody knows: {loss.message.removeprefix(f'{loss.group}: ')}"
            raise _refusal(plan, target, loss.group, seen, limits[loss.group], ANY)
    late = {group: lag for group, lag in behind.items() if lag is not None and lag > (limits[group] or timedelta())}
    if late:
        worst = max(late, key=lambda group: late[group])
        needed = timedelta(minutes=-(-late[worst] // timedelta(minutes=1)))
        seen = f"its copy ends {format_duration(late[worst])} before the last sign of life of the source, {last_seen}"
        raise _refusal(plan, target, worst, seen, limits[worst], format_duration(needed))


def seen_lag(copy: GroupStatus, primary: GroupStatus, now: datetime) -> timedelta | None:
    """While both sites answer. None when neither knows it."""
    return copy.lag(now) if copy.last_sync else primary.lag(now)


def lag_findings(group: str, max_lag: timedelta | None, lag: timedelta | None) -> Iterator[Finding]:
    """What a failover would refuse, said while both sites live. lag: None when nobody knows it."""
    if max_lag is None:
        return
    on = f"group {group}"
    if lag is None:
        yield Finding("warning", "LagUnknown", on, "no last sync time", "wait for the first replication")
    elif lag > max_lag:
        message = f"{lag.total_seconds():.0f} s behind, allowed {max_lag.total_seconds():.0f} s"
        yield Finding("blocker", "LagTooLong", on, message, "repair the replication")


def _lag(loss: Loss, last_seen: str | None) -> timedelta | None:
    if loss.last_sync is None or last_seen is None:
        return None
    return max(timedelta(), datetime.fromisoformat(last_seen) - datetime.fromisoformat(loss.last_sync))


def _refusal(plan: Plan, target: str, group: str, seen: str, limit: timedelta | None, accept: str) -> Refused:
    return Refused(
        "fail over",
        site=target,
        on=f"group {plan.name}/{group}",
        seen=seen,
        wanted=f"{format_duration(limit or timedelta())} at most (dr_accept_loss, else the group's max_lag)",
        next_step=f"relocate if the source works; if what came after is to be lost: dr_accept_loss={accept}",
    )
