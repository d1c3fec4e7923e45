# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a switch loses, per group: said before it, and again after it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from .._model.group_status import GroupStatus


@dataclass(frozen=True)
class Loss:
    """nothing: proven that nothing is lost. last_sync: what the source wrote after it is lost; None when not known.

    seconds: age of last_sync when the source was last seen alive, else when the run began: the loss is at most this.
    """

    group: str
    nothing: bool
    last_sync: str | None
    seconds: float | None
    message: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def forced_loss(group: str, source: str, last_sync: str | None, alive: str | None, began: str) -> Loss:
    """alive: when the source answered this run; None when it was silent, and nobody knows when it stopped writing."""
    if last_sync is None:
        text = (
            f"{group}: the product knows no last sync: what {source} wrote since then is lost, and how much is unknown"
        )
        return Loss(group, False, None, None, text)
    arrived = datetime.fromisoformat(last_sync)
    seconds = round(max(0.0, (datetime.fromisoformat(alive or began) - arrived).total_seconds()), 1)
    until = (
        f"{seconds:.0f} s before {source} was last seen alive"
        if alive
        else f"{seconds:.0f} s before the run began; when {source} stopped writing is not known"
    )
    return Loss(group, False, last_sync, seconds, f"{group}: what {source} wrote after {last_sync} is lost ({until})")


def forced_losses(groups: Sequence[GroupStatus], source: str, alive: str | None, began: str) -> list[Loss]:
    """The losses of promoting these copies now."""
    return [
        forced_loss(status.group, source, status.last_sync.isoformat() if status.last_sync else None, alive, began)
        for status in groups
        if status.role != "primary"
    ]


def planned_loss(proof: Mapping[str, Any], source: str, target: str) -> Loss:
    """What the proof of a final sync says."""
    amount = f", {proof['volumes']} files or volumes" if proof.get("volumes") is not None else ""
    return Loss(
        proof["group"],
        True,
        proof["at"],
        0.0,
        f"{proof['group']}: nothing is lost: {target} holds all that {source} held at {proof['at']} "
        f"({proof['compared']}{amount})",
    )
