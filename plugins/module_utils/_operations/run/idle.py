# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a run has nothing to do: the plan is as it would make it."""

from __future__ import annotations

from ..._cluster.api import Api
from ..._errors import Refused
from ..._model.plan import Plan
from ..._model.run import BACKGROUND, IN_PLACE, START
from ..._model.vm import is_given_back
from ..._model.workload import is_given_back as is_workload_given_back
from ..._planning.guards.begin import check_one_home
from ..._planning.guards.switch import is_clean_secondary
from ..inventory.remains import remains, remains_at
from ..inventory.vm_info import Look, look, unready
from ..stop.gitops import paused_findings
from ..stop.latch_closing import latch_is_closed
from ..stop.pools import paused_pools
from ..stop.vm_stop import is_halted
from ..stop.workload_stop import to_stop
from .outlook import Outlook


def idle_because(plan: Plan, operation: str, target: str, seen: Outlook) -> str:
    """Why there is nothing to do; empty when there is."""
    here, there = seen.groups[target], seen.groups[plan.peer_of(target)]
    api = seen.reached[target].api
    if operation in IN_PLACE and api is not None:
        return (_already_up if operation == START else _already_off)(plan, api, look(plan, api))
    if operation == "reprotect":
        return _reprotected(plan, target, seen)
    if operation in BACKGROUND:
        return ""
    if not here or any(status.role != "primary" for status in here):
        return ""
    check_one_home(plan, target, there, seen.runs)
    return f"{plan.name} is primary at {target} already; nothing to do"


def _reprotected(plan: Plan, target: str, seen: Outlook) -> str:
    source = plan.peer_of(target)
    there = seen.reached[source]
    indebted = [run.id for run in seen.runs if run.fence_debt and run.source == source]
    if there.api is None or indebted or not is_clean_secondary(seen.groups[target], seen.groups[source]):
        return ""
    if remains_at(plan, there.api) or _may_not_follow(target, seen):
        return ""
    return f"{source} is a clean secondary of {plan.name} already; nothing to do"


def _may_not_follow(target: str, seen: Outlook) -> bool:
    """Whether the copy may not know yet that what it followed was taken back without it: it needs a resync then."""
    moves = [run for run in seen.runs if run.operation not in (*BACKGROUND, *IN_PLACE)]
    taken_back = bool(moves) and moves[-1].state == "rolled_back" and moves[-1].source == target
    return taken_back and any(status.health != "healthy" for groups in seen.groups.values() for status in groups)


def _already_up(plan: Plan, api: Api, seen: Look) -> str:
    if seen.problem:
        raise Refused("start the plan", site=api.site, seen=seen.problem, next_step="correct that, then start again")
    if latch_is_closed(plan, api) or unready([*seen.standing, *seen.workloads_standing]):
        return ""
    if any(is_given_back(vm) for vm in seen.vms.values()) or paused_pools(api, seen.vms):
        return ""
    if any(is_workload_given_back(item) for item in seen.workloads.selected.values()):
        return ""
    if any(paused_findings(plan, api)):
        return ""
    return f"{plan.name} is up at {api.site} already; nothing to do"


def _already_off(plan: Plan, api: Api, seen: Look) -> str:
    if not all(is_halted(vm) for vm in seen.vms.values()) or to_stop(seen.workloads.writers):
        return ""
    if not latch_is_closed(plan, api) or remains(plan, api, seen.vms, seen.workloads):
        return ""
    return f"{plan.name} is off at {api.site} already; nothing to do"
