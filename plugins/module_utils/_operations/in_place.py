# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a start or a stop at a site has anything to do."""

from __future__ import annotations

from .._cluster.api import Api, Object
from .._errors import Refused
from .._model.plan import Plan
from .._model.run import START
from .._model.vm import power_record
from .._model.workload import is_recorded, workload_record
from .gitops import paused_findings
from .latch_closing import latch_is_closed
from .pools import paused_pools
from .remains import remains
from .vm_info import Look, look, unready
from .vm_stop import is_halted
from .workload_stop import to_stop


def already(plan: Plan, operation: str, api: Api) -> str:
    """Why nothing has to be done there; empty when something has."""
    seen = look(plan, api)
    if operation == START:
        return _already_up(plan, api, seen)
    return _already_off(plan, api, seen)


def _already_up(plan: Plan, api: Api, seen: Look) -> str:
    if seen.problem:
        raise Refused("start the plan", site=api.site, seen=seen.problem, next_step="correct that, then start again")
    if latch_is_closed(plan, api) or unready([*seen.standing, *seen.workloads_standing]):
        return ""
    if any(_is_given_back(vm) for vm in seen.vms.values()) or paused_pools(api, seen.vms):
        return ""
    if any(is_recorded(item) and not workload_record(item).running for item in seen.workloads.selected.values()):
        return ""
    if any(paused_findings(plan, api)):
        return ""
    return f"{plan.name} is up at {api.site} already; nothing to do"


def _is_given_back(vm: Object) -> bool:
    """Whether a start gives a VM that stays off its own strategy back."""
    power = power_record(vm)
    return is_halted(vm) and power.run_strategy in ("Halted", "Manual") and not power.running


def _already_off(plan: Plan, api: Api, seen: Look) -> str:
    if not all(is_halted(vm) for vm in seen.vms.values()) or to_stop(seen.workloads.writers):
        return ""
    if not latch_is_closed(plan, api) or remains(plan, api, seen.vms, seen.workloads):
        return ""
    return f"{plan.name} is off at {api.site} already; nothing to do"
