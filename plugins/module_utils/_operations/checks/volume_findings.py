# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every volume of a plan as a move would treat it: what stands in the way, and what would be patched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.kinds import PV, PVC, RESOURCE_QUOTA
from ..._errors import DrError, Refused
from ..._model.clone import read_clone
from ..._model.finding import Finding
from ..._model.names import protected_label
from ..._model.plan import Plan
from ..._model.vm import claim_users
from ..._planning.restore.arrival import expected_volume
from ..._planning.volumes.patch import VolumeDecision, patch_volume
from ..._planning.volumes.preview import Preview, changes_of, summarise
from ..._planning.volumes.quota_check import quota_findings
from ..._planning.volumes.rule_overlap import overlaps
from ..capture.metadata_source import makes_volumes
from ..entry import bounded
from ..inventory.namespaces import absent_namespaces
from ..inventory.protected import Protected, key_of
from ..plan.groups import Groups
from ..volumes.changes import Existing, list_existing, settle
from ..volumes.stage import is_replaceable

# of a result of at most 64 KB; findings take the most
SUMMARY_BYTES = 7_000
PREVIEW_BYTES = 16_000


@dataclass
class VolumeView:
    """drivers, claims: by claim the CSI driver of its volume at the target, and itself as it is there.

    pairs: each claim's key, its PV, and that PV as the plan makes it at the target.
    """

    findings: list[Finding] = field(default_factory=list)
    previews: list[Preview] = field(default_factory=list)
    drivers: dict[str, str] = field(default_factory=dict)
    claims: dict[str, Object] = field(default_factory=dict)
    pairs: list[tuple[str, Object, Object]] = field(default_factory=list)

    def result(self, pattern: str) -> dict[str, Any]:
        """pattern: of the claims, as namespace/name, whose patches are wanted one by one; empty: of none."""
        wanted = [preview.as_dict() for preview in self.previews if fnmatchcase(preview.claim, pattern)]
        shown = bounded(wanted, size=PREVIEW_BYTES)
        return {
            "pv_patches": bounded(summarise(self.previews), size=SUMMARY_BYTES),
            "pv_patch_preview": shown,
            "pv_patches_left_out": len(wanted) - len(shown),
        }


class VolumeCheck:
    """One look at all volumes. target_api: None when the target can't be asked; what is there is then unknown."""

    def __init__(self, plan: Plan, groups: Groups, source_api: Api, target_api: Api | None) -> None:
        self._plan = plan
        self._groups = groups
        self._source_api = source_api
        self._target_api = target_api
        self._site = source_api.site
        self._target = plan.peer_of(source_api.site)

    def look(self, found: Protected) -> VolumeView:
        view = VolumeView()
        users, spare = claim_users(found.vms.values(), found.claims), self._spare(found)
        claims = {**found.claims, **spare}
        volumes = {**found.volumes, **self._volumes_of(spare)}
        bound = {key: pvc for key, pvc in claims.items() if _phase(pvc) == "Bound" and key in volumes}
        view.findings += self._claims(claims, bound, volumes)
        view.findings += self._unused(spare)
        decided: list[tuple[VolumeDecision, Object, Object]] = []
        for key, pvc in bound.items():
            decision = self._decide(view, pvc, volumes[key], users.get(key, ()))
            pv, view.claims[key] = (decision.pv, decision.pvc) if decision else (volumes[key], pvc)
            if "csi" in pv["spec"]:
                view.drivers[key] = pv["spec"]["csi"]["driver"]
            if decision is not None:
                decided.append((decision, pvc, volumes[key]))
                view.pairs.append((key, volumes[key], pv))
        all_of_them = ((volumes[key], pvc, users.get(key, ())) for key, pvc in bound.items())
        view.findings += overlaps(self._plan.rules, all_of_them, self._target)
        existing = self._existing(view)
        claims_to_create: list[Object] = []
        for decision, pvc, pv in decided:
            settled, there = decision, "unknown"
            if existing is not None:
                settled, there = self._settle(view, decision, existing, claims_to_create)
            # what the rule changes, whatever of it stands at the target already
            changes = tuple(changes_of(pv, pvc, decision))
            view.previews.append(Preview(settled.claim, pv["metadata"]["name"], decision.rule, changes, there))
        view.findings += self._quotas(claims_to_create)
        return view

    def _claims(
        self, claims: Mapping[str, Object], bound: Mapping[str, Object], volumes: Mapping[str, Object]
    ) -> Iterator[Finding]:
        for key, pvc in claims.items():
            on = f"PersistentVolumeClaim/{key}"
            if key not in bound:
                message, remedy = f"phase {_phase(pvc)}", "a backup taken now lacks its volume: wait or repair"
                yield Finding("blocker", "ClaimNotBound", on, message, remedy, self._site)
                continue
            pv = volumes[key]
            policy = pv["spec"].get("persistentVolumeReclaimPolicy")
            if policy != "Retain":
                message = f"{policy}: a deleted claim takes its data along"
                on_volume = f"PersistentVolume/{pv['metadata']['name']}"
                yield Finding("blocker", "ReclaimPolicy", on_volume, message, "run protect", self._site)

    def _spare(self, found: Protected) -> dict[str, Object]:
        """Claims with the plan's label that nothing of it uses: captures hold them, so a move takes them along."""
        label = f"{protected_label(self._plan.name)}=true"
        listed = [pvc for namespace in self._plan.namespaces for pvc in self._source_api.list(PVC, namespace, label)]
        return {key_of(pvc): pvc for pvc in listed if key_of(pvc) not in found.claims}

    def _volumes_of(self, claims: Mapping[str, Object]) -> dict[str, Object]:
        names = {key: pvc["spec"].get("volumeName") for key, pvc in claims.items()}
        found = {key: self._source_api.find(PV, name) for key, name in names.items() if name}
        return {key: pv for key, pv in found.items() if pv is not None}

    def _unused(self, spare: Mapping[str, Object]) -> Iterator[Finding]:
        label = protected_label(self._plan.name)
        for key, pvc in spare.items():
            if read_clone(pvc):
                continue
            yield Finding(
                "warning",
                "ClaimUnused",
                f"PersistentVolumeClaim/{key}",
                "nothing of the plan uses it; it has the plan's label, so it is captured, and created at the other site"
                " like the rest",
                f"remove its label {label} if it is not wanted there",
                self._site,
            )

    def _decide(self, view: VolumeView, pvc: Object, pv: Object, vms: tuple[str, ...]) -> VolumeDecision | None:
        try:
            self._groups.check_covered(self._site, pvc, pv)
            if not makes_volumes(self._plan):
                expected_volume(pv, pvc, self._plan.rules, self._target, vms)
                return None
            decision = patch_volume(pv, pvc, self._plan.rules, self._target, vms)
            self._groups.check_covered(self._target, pvc, decision.pv)
        except Refused as error:
            on = error.on or f"PersistentVolume/{pv['metadata']['name']}"
            remedy = error.next_step or "correct the plan"
            view.findings.append(Finding("blocker", "VolumeRule", on, str(error), remedy, error.site or self._site))
            return None
        return decision

    def _existing(self, view: VolumeView) -> Existing | None:
        if self._target_api is None:
            return None
        try:
            absent_namespaces(self._plan, self._target_api)
        except Refused as error:
            remedy = error.next_step or "wait until it is gone"
            view.findings.append(
                Finding(
                    "blocker", "NamespaceTerminating", error.on or "Namespace", str(error.seen), remedy, self._target
                )
            )
        except DrError as error:
            view.findings.append(self._unread(error))
            return None
        try:
            return list_existing(self._target_api)
        except DrError as error:
            view.findings.append(self._unread(error))
            return None

    def _settle(
        self, view: VolumeView, decision: VolumeDecision, existing: Existing, claims: list[Object]
    ) -> tuple[VolumeDecision, str]:
        try:
            change = settle(decision, existing, self._target)
        except DrError as error:
            if is_replaceable(self._plan, decision, existing, self._target):
                return decision, "made anew"
            remedy = error.next_step or "remove it, or correct the rule"
            view.findings.append(
                Finding("blocker", "ObjectExists", error.on or decision.claim, str(error.seen), remedy, self._target)
            )
            return decision, "refused"
        if change.claim is not None:
            claims.append(change.claim)
        if change.patch is not None:
            return change.decision, "bound anew"
        return change.decision, "created" if change.creates else "used as it is"

    def _quotas(self, claims: list[Object]) -> list[Finding]:
        if self._target_api is None or not claims:
            return []
        try:
            quotas = [item for space in self._plan.namespaces for item in self._target_api.list(RESOURCE_QUOTA, space)]
        except DrError as error:
            return [replace(self._unread(error), severity="warning", code="QuotaUnknown")]
        return quota_findings(quotas, claims, self._target)

    def _unread(self, error: DrError) -> Finding:
        return Finding(
            "blocker",
            "SiteFailed",
            error.on or f"Site/{self._target}",
            str(error),
            error.next_step or "see the message",
            self._target,
        )


def _phase(pvc: Object) -> str:
    return str(pvc.get("status", {}).get("phase"))
