# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run can know before it begins: both sites, their groups, and the runs that each of them recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from operator import attrgetter

from ..._cluster.run_store import RunStore
from ..._errors import DrError
from ..._model.group_status import GroupStatus
from ..._model.plan import Plan
from ..._model.run import BACKGROUND, ENDED, IN_PLACE, REHEARSALS, Run
from ..plan.asking import ask_sites, reach_sites
from ..plan.groups import Groups
from ..plan.sites import Reach


@dataclass(frozen=True)
class Outlook:
    """By site: its API server's answer, its groups. runs: of both sites, oldest first.

    replication: who answered for the groups; None where nobody was asked.
    """

    reached: Mapping[str, Reach]
    groups: Mapping[str, list[GroupStatus]]
    runs: list[Run]
    replication: Groups | None = None

    @property
    def unfinished(self) -> Run | None:
        """The move that somebody has to finish. What moves nothing stands in nobody's way."""
        others = (*BACKGROUND, *IN_PLACE)
        open_runs = (run for run in reversed(self.runs) if run.state not in ENDED and run.operation not in others)
        return next(open_runs, None)

    def unfinished_in_place(self, operation: str, target: str) -> Run | None:
        """The start or stop that the same command resumes; none when anything was run after it."""
        last = next((run for run in reversed(self.runs) if run.operation not in BACKGROUND), None)
        return last if _is_resumed_by(last, operation, target) else None

    def unfinished_rehearsal(self, operation: str, target: str) -> Run | None:
        """The rehearsal or cleanup that the same command resumes; none when the other one was run after it."""
        last = self.last_rehearsal(target)
        return last if _is_resumed_by(last, operation, target) else None

    def last_rehearsal(self, target: str | None = None) -> Run | None:
        """The newest rehearsal or cleanup, at a site or anywhere."""
        found = (run for run in reversed(self.runs) if run.operation in REHEARSALS and target in (None, run.target))
        return next(found, None)


def _is_resumed_by(run: Run | None, operation: str, target: str) -> bool:
    return run is not None and run.state not in ENDED and (run.operation, run.target) == (operation, target)


def look_out(plan: Plan, must: Collection[str], observe: bool = True, lost: str | None = None) -> Outlook:
    """Ask both at once. must: sites whose record, if they answer, must be readable; of others it is read if it is.

    Only the site that a run can do without is such another: records say where the plan lives, and what is owed.
    observe: whether the groups are asked too, else there are none. lost: the site that is declared lost.
    """
    names = list(plan.sites)
    if observe:
        asked = ask_sites(plan, names, lost)
        reached, groups, replication = asked.reached, asked.groups, asked.replication
    else:
        reached, groups, replication = reach_sites(plan, lost), {name: [] for name in names}, None
    runs = [run for name in names for run in _runs(plan, reached[name], must=name in must)]
    return Outlook(reached, groups, sorted(runs, key=attrgetter("order")), replication)


def _runs(plan: Plan, there: Reach, must: bool) -> list[Run]:
    if there.api is None:
        return []
    try:
        return RunStore(there.api, plan.store_namespace).runs(plan.name)
    except DrError:
        if must:
            raise
        return []
