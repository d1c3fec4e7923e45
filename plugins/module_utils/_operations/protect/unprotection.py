# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a plan's protection back: all that `protect` made at both sites, no data, no capture and nothing else (P8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ..._cluster.api import Api
from ..._cluster.bulk import for_each
from ..._cluster.kinds import NAMESPACE
from ..._cluster.latch import Latch
from ..._cluster.run_store import RunStore
from ..._errors import Refused
from ..._model.group_status import GroupStatus
from ..._model.plan import Group, Plan
from ..._planning.guards.unprotect import TRIED, check_lives_here, check_runs, check_vms
from ..capture.metadata_source import source_of
from ..entry import bounded
from ..inventory.remains import remains_at
from ..inventory.workloads import KINDS
from ..plan.groups import Groups
from ..plan.sites import Reach
from ..run.outlook import Outlook, look_out
from ..run.plan_hold import PlanHold, check_unheld, holder_name
from ..run.progress import Progress
from ..start.budget_record import forget, is_remembered
from .labelled import Change, Taking, take_back_objects, vms_at

OPERATION = "unprotect"
WORKLOADS = tuple(f"{kind}/" for kind in KINDS)


def unprotect(plan: Plan, site: str, check_mode: bool, captures: bool = False) -> dict[str, Any]:
    """Bring both sites to where they were before `protect`; decisions list what is taken back, stays what is not.

    captures: whether those of the plan are deleted too.
    """
    peer, seen = plan.peer_of(site), _look(plan, site)
    here, there = _answering(seen.reached[site]), _answering(seen.reached[peer])

    def decide(seen: Outlook) -> Taking:
        vms, others = sorted(vms_at(plan, here)), sorted(vms_at(plan, there))
        check_vms(plan.name, site, peer, vms, others, remains_at(plan, there) if others else [])
        taking = _decide(plan, here, there, seen.groups[site], bool(others))
        taking.vms = len(vms)
        if captures:
            taking.phases.append(list(_captures(plan, here, there)))
        if others:
            taking.stays.append(_earlier_stay(peer, others))
        return taking

    taking = decide(seen)
    if taking.decisions and check_mode:
        check_unheld(plan, OPERATION, [here, there], TRIED)
    elif taking.decisions:
        with PlanHold(plan, OPERATION, [here, there]) as hold:
            # a run, or the refresh of a stage that gave way, may have written before the lock was ours
            taking = decide(_look(plan, site))
            _carry_out(taking, hold.verify, Progress(holder_name(plan, OPERATION), here.clock))
    decisions = taking.decisions
    return {
        "changed": bool(decisions),
        "run_id": holder_name(plan, OPERATION),
        "decisions": bounded(decisions),
        "stays": bounded(taking.stays),
        "vms": taking.vms,
        "workloads": sum(why.startswith(WORKLOADS) for why in decisions),
        "volumes": sum(why.startswith("PersistentVolume/") for why in decisions),
    }


def _carry_out(taking: Taking, verify: Callable[[], None], progress: Progress) -> None:
    done, total = 0, len(taking.decisions)
    for phase in filter(None, taking.phases):
        progress.emit(OPERATION, done, total, waiting_for=phase[0].why)
        _apply(phase, verify)
        done += len(phase)
    progress.emit(OPERATION, done, total)


def _look(plan: Plan, site: str) -> Outlook:
    """Refused unless both sites answer, nothing is owed and the plan lives at the site."""
    seen, peer = look_out(plan, list(plan.sites)), plan.peer_of(site)
    for name in (site, peer):
        _answering(seen.reached[name])
    check_runs(plan.name, seen.runs)
    check_lives_here(plan.name, site, peer, seen.groups[site], seen.groups[peer])
    return seen


def _decide(plan: Plan, here: Api, there: Api, groups: list[GroupStatus], earlier_stay: bool) -> Taking:
    """Captures stop, then the latch goes while the roles still tell that this is safe, then replication ends: at the
    copy first, since a product may delete the copy of what ends at its primary. Labels tell what replicates: they go
    last.
    """
    replication = Groups(plan)
    taking = Taking()
    taking.phases.append([item for api in (here, there) for item in _schedule(plan, api, taking)])
    primary = all(status.role == "primary" for status in groups)
    taking.phases.append(_latch(plan, here, "" if primary else "not every group is primary here", taking))
    taking.phases.append(_latch(plan, there, "VMs of the plan are there" if earlier_stay else "", taking))
    for api in (there, here):
        taking.phases.append([item for group in plan.groups for item in _replication(replication, group, api)])
    sites = [(here, True)] if earlier_stay else [(here, True), (there, False)]
    for api, lives_here in sites:
        objects = take_back_objects(plan, api, lives_here)
        taking.phases += objects.phases
        taking.stays += objects.stays
    taking.phases.append([item for api in (here, there) for item in (*_syncs(plan, api), *_claim(plan, api))])
    return taking


def _schedule(plan: Plan, api: Api, taking: Taking) -> Iterator[Change]:
    source = source_of(plan)
    done, stays = source.unschedule(api, True)
    if stays:
        taking.stays.append(f"{stays} ({api.site})")
    if done:
        yield Change(f"{done} at {api.site}", lambda: source.unschedule(api, False))


def _captures(plan: Plan, here: Api, there: Api) -> Iterator[Change]:
    """Of both sites; where both know one, it is deleted from here."""
    source = source_of(plan)
    known = {info.name: (here, there) for info in source.catalog(here)}
    for info in source.catalog(there):
        known.setdefault(info.name, (there, here))
    for name, sites in sorted(known.items()):
        yield Change(f"{source.label(name)}: deleted", partial(source.remove, *sites, name))


def _latch(plan: Plan, api: Api, obstacle: str, taking: Taking) -> list[Change]:
    namespaces = tuple(name for name in plan.namespaces if api.find(NAMESPACE, name))
    latch = Latch(api, plan.name, namespaces, plan.store_namespace)
    if not latch.exists():
        return []
    if obstacle:
        taking.stays.append(f"latch of {plan.name} at {api.site} stays closed: {obstacle}")
        return []
    return [Change(f"latch of {plan.name} at {api.site}: removed", latch.open)]


def _replication(groups: Groups, group: Group, api: Api) -> Iterator[Change]:
    provider = groups.provider(group)
    if provider.enabled(group, api.site):
        why = f"group {group.name} at {api.site}: replication ends, the data stays"
        yield Change(why, lambda: provider.disable(group, api.site))


def _syncs(plan: Plan, api: Api) -> Iterator[Change]:
    store = RunStore(api, plan.store_namespace)
    if store.has_syncs(plan.name):
        yield Change(f"record of the last syncs at {api.site}: removed", lambda: store.remove_syncs(plan.name))


def _claim(plan: Plan, api: Api) -> Iterator[Change]:
    if is_remembered(plan, api):
        yield Change(f"the plan's part of the start budget of {api.site}: removed", partial(forget, plan, api))


def _earlier_stay(site: str, vms: list[str]) -> str:
    more = f" and {len(vms) - 3} more" if len(vms) > 3 else ""
    return (
        f"VirtualMachine/{', '.join(vms[:3])}{more} at {site}: halted behind the latch, they stay with their labels and"
        " volumes; delete them there if nobody needs them, then run unprotect again"
    )


def _apply(phase: list[Change], verify: Callable[[], None]) -> None:
    outcome = for_each(phase, lambda change: change.apply(), before_batch=verify)
    for change, error in outcome.failed:
        error.next_step = error.next_step or f"{change.why}: correct what the message names, then start again"
        raise error


def _answering(there: Reach) -> Api:
    if there.api is None:
        raise Refused(
            TRIED,
            site=there.site,
            seen=f"{there.state}: {there.message}",
            wanted="both sites: labels, latch, schedule and replication are taken back at both",
            next_step=f"bring {there.site} back, or correct its access",
        )
    return there.api
