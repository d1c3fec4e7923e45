"""One act of the story as people read it: what was seen, whether it is as it must be, and how long its steps took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.playbook import Played
from demo.verdict import Verdict

NAME, STEP, SECONDS = 14, 12, 8


@dataclass
class Act:
    """seen: in words. problems: what is not as it must be. run: the record of its run, which has its steps."""

    name: str
    seconds: float
    seen: str
    problems: list[str] = field(default_factory=list)
    run: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{'as it must be' if not self.problems else 'NOT AS IT MUST BE'}: {self.seen}"]
        return "\n".join([*lines, *(f"  {problem}" for problem in self.problems)])

    def again(self, played: Played) -> Act:
        """Judge the same command a second time."""
        if played.returncode or played.changed:
            self.problems.append(f"the same command again: exit {played.returncode}, changed={played.changed}")
        return self


def seen_of_move(site: str, verdict: Verdict) -> str:
    """A move as its disks and its site show it."""
    rpo, away = max(verdict.rpo.values(), default=0.0), max(verdict.away.values(), default=0.0)
    lost = f"{verdict.lost} records lost on {len(verdict.lost_records)} disks"
    younger = f", none older than {rpo:.1f} s" if verdict.lost else ""
    return (
        f"{verdict.running} VMs run at {site}, {verdict.verified} PVs are verified; {lost}{younger}; "
        f"no VM wrote nothing for longer than {away:.0f} s"
    )


def table(acts: Iterable[Act]) -> str:
    """Each act with the steps of its run, in their order, and their seconds."""
    lines = [f"{'':<{NAME}}{'step':<{STEP}}{'seconds':>{SECONDS}}"]
    for act in acts:
        name = act.name
        for step, record in sorted(act.run.get("steps", {}).items(), key=lambda item: item[1]["started"]):
            lines.append(f"{name:<{NAME}}{step:<{STEP}}{_seconds(record):>{SECONDS}.1f}")
            name = ""
        lines.append(f"{name:<{NAME}}{'all':<{STEP}}{act.seconds:>{SECONDS}.1f}")
    return "\n".join(lines)


def _seconds(record: dict[str, Any]) -> float:
    return (datetime.fromisoformat(record["ended"]) - datetime.fromisoformat(record["started"])).total_seconds()
