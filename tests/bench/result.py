# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A benchmark's figures: against a goal that is a ratio within one run, or a limit that the issue names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """ours, peer, limit: measured in one run, in the metric's unit; peer and limit are None where there is none.

    ratio: what the goal is about. goal: in words; met: whether it was reached.
    """

    name: str
    metric: str
    ours: float
    peer: float | None
    limit: float | None
    ratio: float
    goal: str
    met: bool


def read(file: Path) -> list[Result]:
    """All results so far."""
    return [Result(**entry) for entry in json.loads(file.read_text())] if file.exists() else []


def append(results: Sequence[Result], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(result) for result in [*read(file), *results]], indent=2) + "\n")


def table(results: Sequence[Result]) -> str:
    header = ["benchmark", "metric", "ours", "peer", "limit", "ratio", "goal", "met"]
    rows = [
        [
            result.name,
            result.metric,
            f"{result.ours:.2f}",
            *("-" if value is None else f"{value:.2f}" for value in (result.peer, result.limit)),
            f"{result.ratio:.2f}",
            result.goal,
            "yes" if result.met else "NO",
        ]
        for result in results
    ]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *rows]]
    return "\n".join(line.rstrip() for line in lines)
