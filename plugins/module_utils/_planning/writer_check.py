# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may write to the plan's volumes although no run stops it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._model.finding import Finding
from .._model.pod_template import by_replica, named_claims, used_claims
from .._model.selector import LabelSelector
from .._model.workload import controller_of, is_finished, workload_key

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
        meta = pod["metadata"]
        if any(label in (meta.get("labels") or {}) for label in NOT_ASKED):
            continue
        shared = sorted({f"{meta['namespace']}/{name}" for name in named_claims(pod["spec"])} & protected)
        if shared:
            owner = controller_of(pod)
            by = f"{owner['kind']} {owner['name']} makes it" if owner else "nothing makes it anew"
            remedy = f"remove the pod, or give the work to a Deployment that the plan selects ({by})"
            yield _blocker(f"Pod/{meta['namespace']}/{meta['name']}", shared, remedy, site)


def _remedy_of(item: Mapping[str, Any], selector: LabelSelector) -> str:
    owner = controller_of(item)
    if owner:
        return f"{owner['kind']} {owner['name']} decides over it: give it claims of its own"
    return f"label it for protect.selector ({selector.to_query() or 'everything'}), then run protect"


def _blocker(on: str, claims: list[str], remedy: str, site: str) -> Finding:
    shown = ", ".join(claims[:3]) + (f" and {len(claims) - 3} more" if len(claims) > 3 else "")
    message = f"it uses {shown} of the plan, and no run stops it: it would go on writing"
    return Finding("blocker", "ForeignWriter", on, message, remedy, site)
