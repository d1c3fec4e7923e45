# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of a recovery point, for the result of the module."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._errors import DrError
from ..._model.finding import Finding, abridged
from ..._planning.clones.names import clone_name
from ..._planning.clones.quiesced import FREEZE_FAILED
from ..._planning.clones.sets import CloneSet
from ..entry import bounded
from .replication import Replicated
from .retention import Removal
from .snapshot_storage import at_site


@dataclass
class Outcome:
    """made, there: sets that were made, and those that were whole before. complete: all that the plan protects."""

    site: str
    point: str
    made: Sequence[CloneSet] = ()
    there: Sequence[CloneSet] = ()
    complete: bool = True
    findings: list[Finding] = field(default_factory=list)
    more: list[str] = field(default_factory=list)

    def judged(
        self, todo: Sequence[CloneSet], findings: Sequence[Finding], failed: Sequence[tuple[CloneSet, DrError]]
    ) -> None:
        bad = {wanted.owner for wanted, _error in failed}
        self.made = [item for item in todo if item.owner not in bad]
        self.findings += [*findings, *(_failure(*item) for item in failed)]
        self.complete = self.complete and not failed

    def enabled(self, replicated: Replicated, withdrawn: Collection[str]) -> None:
        """withdrawn: owners whose clones no group replicates."""
        self.more += replicated.decisions
        self.findings += replicated.findings
        self.made = [item for item in self.made if item.owner not in withdrawn]
        self.there = [item for item in self.there if item.owner not in withdrawn]
        self.complete = self.complete and not replicated.failed

    def removed(self, removal: Removal) -> None:
        self.more += removal.decisions
        self.findings += removal.findings

    def result(self) -> dict[str, Any]:
        sets = [*self.made, *self.there]
        decisions = [*(_cloned(item, self.point) for item in self.made), *self.more]
        return {
            "changed": bool(decisions),
            "recovery_point": self.point,
            "complete": self.complete,
            "decisions": bounded(decisions),
            "sets": len(sets),
            "clones": sum(len(item.claims) for item in sets),
            "findings": bounded([item.as_dict() for item in abridged(at_site(self.findings, self.site))]),
        }


def _cloned(wanted: CloneSet, point: str) -> str:
    names = ", ".join(f"{wanted.namespace}/{clone_name(claim, point)}" for claim in wanted.claims)
    return f"{wanted.owner}: cloned as {names}"


def _failure(wanted: CloneSet, error: DrError) -> Finding:
    remedy = error.next_step or "see the message; the next protect tries again"
    code = "FreezeFailed" if FREEZE_FAILED in (error.seen or "") else "CloneFailed"
    return Finding("warning", code, wanted.owner, str(error), remedy, error.site)
