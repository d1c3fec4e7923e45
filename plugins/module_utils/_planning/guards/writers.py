# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may write to the plan's volumes although no run stops it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..._model.finding import Finding
from ..._model.names import CREATED_BY
from ..._model.pod_template import by_replica, named_claims, used_claims
from ..._model.selector import LabelSelector
from ..._model.workload import controller_of, is_finished, is_stopped, pods_of, workload_key

# pods that KubeVirt and CDI make; those of VMs go with them, the others end by themselves
NOT_ASKED = ("kubevirt.io", "cdi.kubevirt.io")


def foreign_writers(
    foreign: Iterable[Mapping[str, Any]],
    pods: Iterable[Mapping[str, Any]],
    claims: Iterable[str],
    selector: LabelSelector,
    site: str,
) -> Iterator[Finding]:
    """Blockers for workloads and pods that use claims of the plan and are not the plan's to stop.

    foreign: the workloads that it does not move. pods: those of no workload. claims: namespace/name, of the plan.
    """
    protected = set(claims)
    replicas = by_replica(protected)
    for item in foreign:
        owner = controller_of(item)
        if is_finished(item) or (owner and owner["kind"] == "CronJob"):
            continue  # the CronJob makes others like it, and is looked at itself
        shared = sorted(used_claims(item, replicas) & protected)
        if shared:
            yield _blocker(workload_key(item), shared, _remedy_of(item, selector), site)
        elif owner and selector.matches(item["metadata"].get("labels") or {}):
            yield Finding(
                "warning",
                "OwnedWorkload",
                workload_key(item),
                f"{owner['kind']} {owner['name']} decides over it, so it is neither stopped nor moved",
                f"see to {owner['kind']} {owner['name']} at both sites, or take the plan's label off it",
                site,
            )
    for pod in pods:
        meta, shared = pod["metadata"], sorted(_claims_of_pod(pod) & protected)
        if shared and not _is_of_kubevirt(pod):
            owner = controller_of(pod)
            by = f"{owner['kind']} {owner['name']} makes it" if owner else "nothing makes it anew"
            remedy = f"remove the pod, or give the work to a Deployment that the plan selects ({by})"
            yield _blocker(f"Pod/{meta['namespace']}/{meta['name']}", shared, remedy, site)


def waiting_writers(
    workloads: Sequence[Mapping[str, Any]],
    pods: Sequence[Mapping[str, Any]],
    claims: Iterable[str],
    run_id: str,
    taken: Collection[str] = (),
) -> dict[str, list[str]]:
    """Who would write to claims of a target as soon as they are there, to those claims: before any volume is promoted.

    workloads: all of the plan's namespaces. pods: those that have not ended. What this run created, or found as
    captured (taken: uids), may run by now.
    """
    wanted = set(claims)
    replicas = by_replica(wanted)
    mine = [
        item
        for item in workloads
        if (item["metadata"].get("annotations") or {}).get(CREATED_BY) == run_id or item["metadata"].get("uid") in taken
    ]
    found = {
        workload_key(item): used_claims(item, replicas) & wanted
        for item in workloads
        if item not in mine and not is_stopped(item)
    }
    exempt = {id(pod) for pod in pods_of(mine, pods)}
    for pod in pods:
        if id(pod) not in exempt and not _is_of_kubevirt(pod):
            meta = pod["metadata"]
            found[f"Pod/{meta['namespace']}/{meta['name']}"] = _claims_of_pod(pod) & wanted
    return {key: sorted(used) for key, used in sorted(found.items()) if used}


def _is_of_kubevirt(pod: Mapping[str, Any]) -> bool:
    return any(label in (pod["metadata"].get("labels") or {}) for label in NOT_ASKED)


def _claims_of_pod(pod: Mapping[str, Any]) -> set[str]:
    return {f"{pod['metadata']['namespace']}/{name}" for name in named_claims(pod["spec"])}


def _remedy_of(item: Mapping[str, Any], selector: LabelSelector) -> str:
    owner = controller_of(item)
    if owner:
        return f"{owner['kind']} {owner['name']} decides over it: give it claims of its own"
    return f"label it for protect.selector ({selector.to_query() or 'everything'}), then run protect"


def _blocker(on: str, claims: list[str], remedy: str, site: str) -> Finding:
    shown = ", ".join(claims[:3]) + (f" and {len(claims) - 3} more" if len(claims) > 3 else "")
    message = f"it uses {shown} of the plan, and no run stops it: it would go on writing"
    return Finding("blocker", "ForeignWriter", on, message, remedy, site)
