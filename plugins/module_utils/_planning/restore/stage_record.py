# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the records of runs say of a stage: which capture it holds. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ..._model.run import REFRESH, Run


@dataclass(frozen=True)
class StageRecord:
    """capture: its name, and captured when it was taken; refreshed: when the stage was brought to it. ISO 8601."""

    site: str
    capture: str
    captured: str
    refreshed: str

    def as_dict(self, now: datetime) -> dict[str, Any]:
        return {**asdict(self), "age_seconds": round((now - datetime.fromisoformat(self.captured)).total_seconds())}


def last_refresh(runs: Sequence[Run], site: str) -> StageRecord | None:
    """runs: oldest first. A move ends every stage: the site that it left holds what ran there, not a capture."""
    found = None
    for run in runs:
        if run.state != "done":
            continue
        if run.operation in ("failover", "relocate"):
            found = None
        elif run.operation == REFRESH and run.target == site:
            chosen = run.steps["capture"].summary
            found = StageRecord(site, chosen["name"], chosen["created"], run.ended or run.started)
    return found
