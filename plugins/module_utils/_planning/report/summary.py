# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's head for a person: its steps in order with their durations, hooks as they ran. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..._model.run import STEPS, Run


def summary(run: Run) -> dict[str, Any]:
    """Durations in seconds."""
    steps = [
        {
            "name": name,
            "state": record.state,
            "attempt": record.attempt,
            "started": record.started,
            "seconds": seconds_between(record.started, record.ended),
            "summary": dict(record.summary),
        }
        for name in STEPS
        if (record := run.steps.get(name))
    ]
    return {
        "run_id": run.id,
        "attempt": run.attempt,
        "state": run.state,
        "operation": run.operation,
        "source": run.source,
        "target": run.target,
        "started": run.started,
        "ended": run.ended,
        "fence_debt": run.fence_debt,
        "recovery_point": run.recovery_point,
        "steps": steps,
        "hooks": [
            {
                "name": key,
                "state": record.state,
                "started": record.started,
                "seconds": seconds_between(record.started, record.ended),
                "error": record.error,
            }
            for key, record in sorted(run.hooks.items(), key=lambda item: item[1].started)
        ],
    }


def history_line(run: Run) -> dict[str, Any]:
    """The run without its steps and hooks, and what of it was measured when it ended."""
    end = run.steps.get("end")
    measured = (end.summary if end else {}) or {}
    return {
        **{key: value for key, value in summary(run).items() if key not in ("steps", "hooks")},
        "seconds": seconds_between(run.started, run.ended),
        "lost_seconds": measured.get("lost_seconds"),
        "rto_seconds": measured.get("rto_seconds"),
    }


def seconds_between(started: str | None, ended: str | None) -> float | None:
    if started is None or ended is None:
        return None
    return round((datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds(), 1)
