# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From where to where a run goes, and who of the two answers."""

from __future__ import annotations

from dataclasses import dataclass

from ..._cluster.api import Api
from ..._errors import Refused
from ..._model.group_status import GroupStatus
from ..._model.plan import Plan
from ..._model.run import BACKGROUND, CLEANUP, IN_PLACE
from ..._model.run_asked import RunAsked
from ..._planning.guards.home import living_site
from ..plan.sites import Reach
from .outlook import Outlook


@dataclass(frozen=True)
class Way:
    """api: of the target. copies, sources: the groups at the target and at the source, in the plan's order."""

    operation: str
    target: str
    source: str
    there: Reach
    api: Api
    copies: list[GroupStatus]
    sources: list[GroupStatus]

    def __str__(self) -> str:
        state = self.there.state
        if self.operation in (CLEANUP, *IN_PLACE):
            return f"at {self.target}, with {self.source} {state}"
        return f"{self.source} ({state}) to {self.target}"

    @property
    def alive(self) -> bool:
        return self.there.state == "reachable"


def way_of(plan: Plan, asked: RunAsked, seen: Outlook) -> Way:
    target = asked.target or _found_out(plan, asked.operation, seen)
    source = plan.peer_of(target)
    api = _target_api(seen.reached[target])
    return Way(asked.operation, target, source, seen.reached[source], api, seen.groups[target], seen.groups[source])


def _found_out(plan: Plan, operation: str, seen: Outlook) -> str:
    """The site where the plan lives; for a stage and a rehearsal the other one; for a cleanup that of the rehearsal."""
    rehearsed = seen.last_rehearsal() if operation == CLEANUP else None
    if rehearsed is not None:
        return rehearsed.target
    home = living_site(plan, seen.groups, seen.runs)
    return plan.peer_of(home) if operation in BACKGROUND else home


def _target_api(here: Reach) -> Api:
    if here.api is None:
        raise Refused(
            "begin the run",
            site=here.site,
            seen=f"{here.state}: {here.message}",
            wanted="a target that answers",
            next_step="bring the target's API server back, or correct its credentials in the plan",
        )
    return here.api
