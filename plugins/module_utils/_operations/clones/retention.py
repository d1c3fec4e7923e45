# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of earlier recovery points goes: snapshots that have served, clones nobody finished, sets that are too old."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..._cluster.api import Api, Object, describe
from ..._cluster.bulk import for_each
from ..._cluster.kinds import POD, PVC, VM
from ..._errors import DrError, NotFound
from ..._model.clone import Clone
from ..._model.finding import Finding
from ..._model.names import RECOVERY_POINT, RECOVERY_POINT_OF
from ..._model.plan import Plan
from ..._model.pod_template import named_claims
from ..._model.vm import claim_names
from ..._planning.clones.names import clones_among
from ..._planning.clones.recovery_points import leftovers, surplus
from .removal import SNAPSHOTS, remove_clone, remove_snapshot, why_kept
from .replication import release


@dataclass
class Removal:
    """decisions: in words. findings: of clones that are kept although they could go, and of what failed."""

    clones: Sequence[Clone]
    snapshots: Sequence[Object]
    decisions: list[str]
    findings: list[Finding]


@dataclass(frozen=True)
class Retention:
    """point: the one that is being made, or was made just now."""

    plan: Plan
    api: Api
    point: str

    def decide(self, clones: Sequence[Clone], snapshots: Sequence[Object], coming: Sequence[str]) -> Removal:
        """coming: owners of which a set is still to be made; none when all that can be made is there."""
        keep = self.plan.snapshots.keep if self.plan.snapshots else len(clones)
        unfinished = leftovers(clones, self.point if coming else "")
        old = surplus(clones, keep, coming)
        used = self._used() if unfinished or old else set()
        going, findings, decisions = [], [], []
        for clone, why in [(item, "nobody finished it") for item in unfinished] + [
            (item, f"{keep} newer sets of {item.facts.owner} are kept") for item in old
        ]:
            reason = why_kept(clone, used)
            on = describe(PVC, clone.namespace, clone.name)
            if reason:
                remedy = "it was not touched: remove it when nobody needs it"
                findings.append(Finding("info", "CloneKept", on, reason, remedy, self.api.site))
            else:
                going.append(clone)
                decisions.append(f"{on}: removed, {why}")
        return Removal(
            going, [item for item in snapshots if "deletionTimestamp" not in item["metadata"]], decisions, findings
        )

    def carry_out(self, removal: Removal, before_batch: Callable[[], None]) -> None:
        """Snapshots first: they are of use no more. What cannot be removed is tried again the next time."""
        outcome = for_each(removal.snapshots, lambda item: remove_snapshot(self.api, item), before_batch=before_batch)
        failed = [(f"{item['kind']}/{item['metadata']['name']}", error) for item, error in outcome.failed]
        # one that nobody finished was never replicated
        going = [clone for clone in removal.clones if not clone.finished and not clone.removed]
        replicated = [clone for clone in removal.clones if clone not in going]
        try:
            release(self.plan, self.api.site, replicated)
            going += replicated
        except DrError as error:
            failed.append(("replication of clones", error))
        gone = for_each(going, lambda clone: remove_clone(self.api, self.plan, clone), before_batch=before_batch)
        failed += [(describe(PVC, clone.namespace, clone.name), error) for clone, error in gone.failed]
        for on, problem in failed:
            remedy = problem.next_step or "the next protect tries again"
            removal.findings.append(Finding("warning", "CloneNotRemoved", on, str(problem), remedy, self.api.site))

    def _used(self) -> set[str]:
        """namespace/name of claims that a VM or a pod mounts, whoever selected it."""
        found: set[str] = set()
        for namespace in self.plan.namespaces:
            for vm in self.api.list(VM, namespace):
                found |= {f"{namespace}/{name}" for name in claim_names(vm)}
            for pod in self.api.list(POD, namespace):
                found |= {f"{namespace}/{name}" for name in named_claims(pod["spec"])}
        return found


def list_clones(plan: Plan, api: Api) -> list[Clone]:
    label = f"{RECOVERY_POINT_OF}={plan.name}"
    found = [item for namespace in plan.namespaces for item in api.list(PVC, namespace, labels=label)]
    return clones_among(found, plan.name)


def list_snapshots(plan: Plan, api: Api) -> list[Object]:
    """Of this plan's recovery points, of VMs and of claims. A site that serves none of a kind has none."""
    label = f"{RECOVERY_POINT_OF}={plan.name}"
    found: list[Object] = []
    for kind in SNAPSHOTS:
        for namespace in plan.namespaces:
            try:
                found += api.list(kind, namespace, labels=label)
            except NotFound:
                break
    return [item for item in found if RECOVERY_POINT in item["metadata"]["labels"]]
