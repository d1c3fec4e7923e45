# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runs that both sites recorded; a dead site hides its own, and stops nothing (P4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from ..._cluster.run_store import RunStore
from ..._errors import DrError
from ..._model.plan import Plan
from ..._model.run import REFRESH, Run, is_run_to
from ..plan.asking import reach_sites
from ..plan.sites import Reach, reach


@dataclass(frozen=True)
class History:
    """runs: oldest first. stores: by run id where its record is. unread: by site why its runs are not known."""

    runs: list[Run]
    stores: Mapping[str, RunStore]
    unread: Mapping[str, str]

    @property
    def moves(self) -> list[Run]:
        """Without refreshes of a stage, which a schedule makes by the hour."""
        return [run for run in self.runs if run.operation != REFRESH]


def read_history(plan: Plan) -> History:
    """Ask both sites at once."""
    return history_of(plan, reach_sites(plan).values())


def history_with(plan: Plan, run_id: str | None) -> History:
    """The target of a run has its record, so that a dead source is not waited for; else both sites are asked."""
    # an id that ends in north-west seems to end in west too
    longest_first = sorted(plan.sites, key=len, reverse=True)
    for site in (name for name in longest_first if run_id and is_run_to(run_id, name)):
        found = history_of(plan, [reach(plan, site)])
        if run_id in found.stores:
            return found
    return read_history(plan)


def history_of(plan: Plan, reached: Iterable[Reach]) -> History:
    runs: dict[str, Run] = {}
    stores: dict[str, RunStore] = {}
    unread: dict[str, str] = {}
    for there in reached:
        if there.api is None:
            unread[there.site] = f"{there.state}: {there.message}"
            continue
        store = RunStore(there.api, plan.store_namespace)
        try:
            found = {head["id"]: Run.from_dict(head) for head in store.heads(plan.name)}
        except DrError as error:
            unread[there.site] = str(error)
            continue
        runs |= found
        stores |= dict.fromkeys(found, store)
    return History(sorted(runs.values(), key=attrgetter("order")), stores, unread)
