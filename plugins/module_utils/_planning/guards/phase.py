# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a group replicate, in which direction, and is that what the plan's phase wants? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..._model.group_status import GroupStatus

# which side has to be primary, and whether data has to flow from it
PHASES: dict[str, tuple[str, bool]] = {
    "normal": ("home", True),
    "failed_over": ("away", False),
    "failback_prep": ("away", True),
    "failing_back": ("home", False),
}


@dataclass(frozen=True)
class PhaseCheck:
    """One group against a phase. direction: `east -> west`, or empty when nothing flows."""

    group: str
    replicates: bool
    direction: str
    as_expected: bool
    message: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def phase_check(phase: str, home: str, away: str, at_home: GroupStatus, at_away: GroupStatus) -> PhaseCheck:
    """at_home, at_away: the group as seen at the plan's home and at its other site."""
    side, flows_wanted = PHASES[phase]
    primaries = [status.site for status in (at_home, at_away) if status.role == "primary"]
    direction = _direction(at_home, at_away)
    wanted_primary = home if side == "home" else away
    wanted_direction = f"{wanted_primary} -> {away if side == 'home' else home}" if flows_wanted else ""
    problems = []
    if primaries != [wanted_primary]:
        seen = f"primary at {' and '.join(primaries)}" if primaries else "no primary was seen"
        problems.append(f"{seen}, wanted at {wanted_primary}")
    if direction != wanted_direction:
        problems.append(f"{direction or 'nothing'} replicates, wanted {wanted_direction or 'nothing'}")
    pair = (at_home, at_away)
    broken = [status for status in pair if flows_wanted and status.health in ("diverged", "error")]
    problems += [f"{status.health} at {status.site}: {status.message}" for status in broken]
    # a part of it may be primary beside the wanted one (P1)
    if problems or any(status.partly_switched for status in pair):
        problems += [said for status in pair if status not in broken and (said := _said_by(status))]
    return PhaseCheck(at_home.group, bool(direction), direction, not problems, "; ".join(problems))


def phase_of(home: str, away: str, at_home: Sequence[GroupStatus], at_away: Sequence[GroupStatus]) -> str | None:
    """The one phase that every group is as wanted in; None when there is none, as with a copy that has diverged."""
    pairs = list(zip(at_home, at_away, strict=True))
    fitting = (name for name in PHASES if all(phase_check(name, home, away, *pair).as_expected for pair in pairs))
    return next(fitting, None) if pairs else None


def _said_by(status: GroupStatus) -> str:
    if not status.reachable:
        return f"no answer from {status.site}: {status.message}"
    return f"at {status.site}: {status.message}" if status.message else ""


def _direction(one: GroupStatus, other: GroupStatus) -> str:
    """Data flows when one side sends and the other takes; a side that is silent is judged by the other's health."""

    def believed(speaks: GroupStatus, silent: GroupStatus) -> bool:
        return not silent.reachable and speaks.health == "healthy"

    for sender, receiver in ((one, other), (other, one)):
        sends = sender.role == "primary" and sender.direction == "outgoing"
        takes = receiver.role == "secondary" and receiver.direction == "incoming"
        if (sends and (takes or believed(sender, receiver))) or (takes and believed(receiver, sender)):
            return f"{sender.site} -> {receiver.site}"
    return ""
