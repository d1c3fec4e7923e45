# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One execution against one plan towards one target."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

# of a label's value in Kubernetes
LABEL_LIMIT = 63

STEPS = (
    "begin",
    "capture",
    "quiesce",
    "recheck",
    "sync",
    "fence",
    "isolate",
    "volumes",
    "promote",
    "metadata",
    "prune",
    "start",
    "verify",
    "traffic",
    "resync",
    "rollback",
    "cleanup",
    "end",
)
SWITCHES = ("failover", "relocate", "reprotect")
# brings a stage to the newest capture; it switches nothing, and every other run goes before it
REFRESH = "prestage"
# runs a copy of the plan apart from everything, and removes it; production never notices
REHEARSAL, CLEANUP = "test_failover", "test_cleanup"
REHEARSALS = (REHEARSAL, CLEANUP)
# they move nothing: every move goes before them
BACKGROUND = (REFRESH, *REHEARSALS)
# in their ids: `test-failover` could be the failover of a plan whose name ends in -test
_WORD = "rehearsal"
START, STOP = "start", "stop"
# start or stop a plan at one site; they move nothing, and one that was killed stands in nobody's way
IN_PLACE = (START, STOP)
# of a run that is not begun again by the same command
ENDED = frozenset({"done", "rolled_back"})


@dataclass(frozen=True)
class StepRecord:
    """state: running, done or failed. summary: small, for the report."""

    state: str
    attempt: int
    started: str
    ended: str | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HookRecord:
    """Of a hook before or after a step. state: running, passed or failed. error: why it failed."""

    state: str
    attempt: int
    started: str
    ended: str | None = None
    error: str = ""


@dataclass(frozen=True)
class Run:
    """The head of a run's record. Times are ISO 8601 in UTC, for people; nothing is decided by comparing them.

    state: running, failed or waiting, at a gate of its start or after the step `until` (the same command resumes
    it), done, or rolled_back (everything runs at the source again).
    source_silent: groups that gave no answer there when this attempt began, or since then if it was declared lost.
    fence_debt: why the lost site is not provably off, None without a debt.
    hooks: by `StepHook.key`.
    recovery_point: from whose clones VMs start, None with the newest copies.
    approved: the fingerprint of the world that somebody has approved; fingerprint is that of the plan alone.
    number: higher than that of every run that was begun before; 0 of one that was recorded before runs had numbers.
    """

    id: str
    plan: str
    operation: str
    source: str
    target: str
    fingerprint: str
    started: str
    attempt: int = 1
    state: str = "running"
    ended: str | None = None
    declared_lost: str | None = None
    waived_fencing: str | None = None
    accepted_loss: str | None = None
    source_state: str = "unknown"
    source_last_seen: str | None = None
    source_silent: Sequence[str] = ()
    fence_debt: str | None = None
    recovery_point: str | None = None
    steps: Mapping[str, StepRecord] = field(default_factory=dict)
    until: str | None = None
    hooks: Mapping[str, HookRecord] = field(default_factory=dict)
    approved: str | None = None
    number: int = 0

    @property
    def order(self) -> tuple[int, str]:
        """By which runs are sorted, the oldest first. A start alone is a time of whatever controller began the run."""
        return self.number, self.started

    def with_step(self, name: str, record: StepRecord) -> Run:
        return replace(self, steps={**self.steps, name: record})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, head: Mapping[str, Any]) -> Run:
        steps = {name: StepRecord(**record) for name, record in head["steps"].items()}
        hooks = {key: HookRecord(**record) for key, record in head.get("hooks", {}).items()}
        return cls(**{**head, "steps": steps, "hooks": hooks})


def is_run_to(run_id: str, site: str) -> bool:
    """Whether a run's id names that target."""
    return re.search(rf"-{re.escape(site)}-\d{{14}}-[0-9a-f]{{4}}$", run_id) is not None


def is_move(run_id: str) -> bool:
    """Told by the id, as `gives_way`: other work that holds a plan's lock has no run id."""
    return re.search(rf"-(?:{'|'.join(SWITCHES)})-.+-\d{{14}}-[0-9a-f]{{4}}$", run_id) is not None


def gives_way(run_id: str) -> bool:
    """Whether it is one of BACKGROUND. Told by the id alone: a lock names nothing else."""
    others = "|".join((*SWITCHES, *IN_PLACE))
    own = f"{REFRESH}|{_WORD}"
    return re.search(rf"-(?:{own})-(?!.*-(?:{others})-).+-\d{{14}}-[0-9a-f]{{4}}$", run_id) is not None


def may_be_rehearsal(run_id: str) -> bool:
    """False is sure; that it is one, only its record says."""
    return f"-{_WORD}-" in run_id


def is_in_place(run_id: str) -> bool:
    """As `gives_way`; an id that could be that of a move, by the names of its plan and site, is taken for one."""
    moves = "|".join((*SWITCHES, REFRESH, _WORD))
    own = rf"(?!.*-(?:{moves})-).+-(?:{'|'.join(IN_PLACE)})-.+-\d{{14}}-[0-9a-f]{{4}}"
    return re.fullmatch(own, run_id) is not None


def new_run_id(plan: str, operation: str, target: str, now: datetime) -> str:
    """Readable, sortable, a valid label value; two made in the same second differ. A long plan name is cut."""
    word = _WORD if operation in REHEARSALS else operation
    rest = f"-{word}-{target}-{now:%Y%m%d%H%M%S}-{secrets.token_hex(2)}"
    short = plan[: max(1, LABEL_LIMIT - len(rest))].rstrip("-")
    return f"{short}{rest}".lower().replace("_", "-")
