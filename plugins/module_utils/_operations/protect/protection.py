# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a plan's protection so: labels, Retain, replication, the schedule of captures and no other object (P8)."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.bulk import for_each
from ..._cluster.kinds import PV, PVC, VM, Kind
from ..._errors import Refused
from ..._model.names import RECLAIM_POLICY, protected_label
from ..._model.plan import Plan
from ..._providers.foretelling import would_change
from ..capture.metadata_source import source_of
from ..entry import bounded
from ..inventory.protected import Protected, key_of, list_protected
from ..inventory.workloads import KINDS
from ..plan.groups import Groups
from ..plan.sites import open_site
from ..run.no_run import check_no_run
from ..start.budget_record import make_known


def protect(plan: Plan, site: str, check_mode: bool) -> dict[str, Any]:
    """Bring the site where the plan lives to the protected state; decisions list every object that changes."""
    api = open_site(plan, site)
    check_no_run(plan, api, "protect the plan")
    found = list_protected(plan, api)
    groups = Groups(plan)
    _check(plan, groups, site, found)
    changes = _decide(plan, found)
    decisions = [
        f"{kind.kind}/{key_of(item) if kind.namespaced else item['metadata']['name']}: {why}"
        for kind, item, _patch, why in changes
    ]
    if not check_mode:
        outcome = for_each(changes, lambda change: _apply(api, *change[:3]))
        for _change, error in outcome.failed:
            raise error
    # what was seen of the claims before they were labelled is no use any more
    changed_groups = _enable(plan, site, found, check_mode)
    scheduled = source_of(plan).schedule(api, check_mode)
    decisions += [f"group {name}: replication enabled" for name in changed_groups]
    decisions += [scheduled] if scheduled else []
    decisions += make_known(plan, api, check_mode)
    return {
        "changed": bool(decisions),
        "decisions": bounded(decisions),
        "vms": len(found.vms),
        "workloads": len(found.workloads.selected),
        "volumes": len(found.volumes),
        "prestage": plan.metadata.prestage,
        "run_strategies": _count_strategies(found),
    }


def _enable(plan: Plan, site: str, found: Protected, check_mode: bool) -> list[str]:
    """Names of the groups whose replication was not yet as it should be."""
    groups = Groups(plan, foretells=check_mode)
    if check_mode:
        groups.foresee(site, found.claims)
    peer = plan.peer_of(site)
    return [
        group.name for group in plan.groups if would_change(partial(groups.provider(group).enable, group, site, peer))
    ]


def _check(plan: Plan, groups: Groups, site: str, found: Protected) -> None:
    if not found.vms:
        raise Refused(
            "protect the plan",
            site=site,
            seen="the plan selects no VirtualMachine",
            wanted="at least one",
            next_step="correct protect.namespaces and protect.selector",
        )
    for key, pvc in found.claims.items():
        groups.of_claim(pvc)
        if key in found.volumes:
            groups.check_covered(site, pvc, found.volumes[key])


def _decide(plan: Plan, found: Protected) -> list[tuple[Kind, Object, Object, str]]:
    """(kind, object, merge patch, why) for everything that is not yet as it should be."""
    label = protected_label(plan.name)
    changes: list[tuple[Kind, Object, Object, str]] = []
    items = [(VM, vm) for vm in found.vms.values()] + [(PVC, pvc) for pvc in found.claims.values()]
    items += [(KINDS[item["kind"]], item) for item in found.workloads.selected.values()]
    items += [(kind, item) for (kind, _key), item in found.others.items()]
    for kind, item in items:
        if (item["metadata"].get("labels") or {}).get(label) != "true":
            changes.append((kind, item, {"metadata": {"labels": {label: "true"}}}, f"label {label}"))
    for pv in found.volumes.values():
        patch: Object = {}
        policy = pv["spec"].get("persistentVolumeReclaimPolicy")
        if policy != "Retain":
            patch = {
                "metadata": {"annotations": {RECLAIM_POLICY: policy}},
                "spec": {"persistentVolumeReclaimPolicy": "Retain"},
            }
            changes.append((PV, pv, patch, f"reclaim policy {policy} becomes Retain"))
        if (pv["metadata"].get("labels") or {}).get(label) != "true":
            changes.append((PV, pv, {"metadata": {"labels": {label: "true"}}}, f"label {label}"))
    return changes


def _apply(api: Api, kind: Kind, item: Object, patch: Object) -> None:
    api.patch(kind, item["metadata"]["name"], item["metadata"].get("namespace"), patch)


def _count_strategies(found: Protected) -> dict[str, int]:
    counts: dict[str, int] = {}
    for vm in found.vms.values():
        strategy = vm["spec"].get("runStrategy") or f"running: {str(vm['spec'].get('running')).lower()}"
        counts[strategy] = counts.get(strategy, 0) + 1
    return counts
