# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a site that carry a plan's label, and what `unprotect` writes on each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.bulk import for_each
from ..._cluster.kinds import PV, PVC, SERVICE, VM, Kind
from ..._errors import NotFound
from ..._model.names import protected_label
from ..._model.plan import Plan
from ..._model.workload import workload_key
from ..._planning.restore.take_back import (
    TakenBack,
    labelled_by_us,
    taken_from_vm,
    taken_from_volume,
    taken_from_workload,
    unlabelled,
)
from ..inventory.protected import KINDS, Protected, key_of, list_protected, list_vms
from ..inventory.vm_extras import EXTRA_KINDS
from ..inventory.workloads import KINDS as KINDS_OF_WORKLOADS

# what VMs and workloads need, of the kinds that `protect` labels; a person may have labelled others of these
OTHERS = (*KINDS.values(), SERVICE, *EXTRA_KINDS)
WORKLOADS = tuple(KINDS_OF_WORKLOADS.values())


@dataclass(frozen=True)
class Change:
    """One thing that is taken back. why: for people."""

    why: str
    apply: Callable[[], object]


@dataclass
class Taking:
    """phases: in the order in which they are safe. stays: what is left as it is, and why. vms: how many there are."""

    phases: list[list[Change]] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)
    vms: int = 0

    @property
    def decisions(self) -> list[str]:
        """For people, in the order in which they are carried out."""
        return [change.why for phase in self.phases for change in phase]


def vms_at(plan: Plan, api: Api) -> dict[str, Object]:
    """The plan's VMs at a site; none at one without KubeVirt, which the copies of a plan do not need yet."""
    try:
        return list_vms(plan, api)
    except NotFound:
        return {}


def take_back_objects(plan: Plan, api: Api, lives_here: bool) -> Taking:
    """What refers to others goes last: an interrupted attempt still finds what they refer to."""
    label = protected_label(plan.name)
    taking = Taking()
    selected = vms_at(plan, api)
    reached = list_protected(plan, api) if selected else Protected({})
    found = {kind: _labelled(plan, api, kind, label) for kind in (*OTHERS, *WORKLOADS, PV, PVC, VM)}
    others = []
    for kind in OTHERS:
        for item in found[kind]:
            if (kind, key_of(item)) in reached.others or labelled_by_us(item, label):
                others += _change(taking, api, kind, item, unlabelled(label))
            else:
                taking.stays.append(_stays(kind, item, api, label, "nothing of the plan needs it"))
    claims = {key_of(item): item for namespace in plan.namespaces for item in api.list(PVC, namespace)}
    volumes = [item for pv in found[PV] for item in _volume(taking, api, pv, claims, label, lives_here)]
    pvcs = [item for pvc in found[PVC] for item in _change(taking, api, PVC, pvc, unlabelled(label))]
    vms = {key_of(item): item for item in found[VM]} | selected
    halted = [item for vm in vms.values() for item in _change(taking, api, VM, vm, taken_from_vm(vm, label))]
    stopped = list(_workloads(taking, api, found, reached.workloads.selected, label))
    taking.phases = [others, volumes, pvcs, [*stopped, *halted]]
    return taking


def _workloads(
    taking: Taking, api: Api, found: Mapping[Kind, list[Object]], selected: Mapping[str, Object], label: str
) -> Iterator[Change]:
    """found: labelled objects by kind. selected: the plan's workloads, which lose their record too."""
    known = {workload_key(item): item for kind in WORKLOADS for item in found[kind]} | selected
    for key, item in sorted(known.items()):
        kind = KINDS_OF_WORKLOADS[item["kind"]]
        if key in selected or labelled_by_us(item, label):
            yield from _change(taking, api, kind, item, taken_from_workload(item, label))
        else:
            taking.stays.append(_stays(kind, item, api, label, "the plan does not select it"))


def _volume(
    taking: Taking, api: Api, pv: Object, claims: Mapping[str, Object], label: str, lives_here: bool
) -> list[Change]:
    def decided(seen: Object, claim: Object | None) -> TakenBack:
        return taken_from_volume(seen, claim, label, lives_here)

    name, key = pv["metadata"]["name"], _claim_key(pv)
    before = decided(pv, claims.get(key))

    def write() -> None:
        """By what they are now: the volume's data hangs on it."""
        seen = api.find(PV, name)
        if seen is None:
            return
        namespace, _slash, claim = key.partition("/")
        patch = decided(seen, api.find(PVC, claim, namespace) if claim else None).patch
        api.patch(PV, name, None, _unless_changed(patch, seen))

    taking.stays += [f"{_on(PV, pv, api)}: {why}" for why in before.stays]
    return [Change(f"{_on(PV, pv, api)}: {', '.join(before.why)}", write)]


def _change(taking: Taking, api: Api, kind: Kind, item: Object, taken: TakenBack) -> list[Change]:
    meta = item["metadata"]
    taking.stays += [f"{_on(kind, item, api)}: {why}" for why in taken.stays]
    if not taken.patch:
        return []
    # of a record that was written on it meanwhile nothing is known
    patch = _unless_changed(taken.patch, item) if "annotations" in taken.patch["metadata"] else taken.patch
    write = _writer(api, kind, meta["name"], meta.get("namespace"), patch)
    return [Change(f"{_on(kind, item, api)}: {', '.join(taken.why)}", write)]


def _writer(api: Api, kind: Kind, name: str, namespace: str | None, patch: Object) -> Callable[[], object]:
    def write() -> None:
        try:
            api.patch(kind, name, namespace, patch)
        except NotFound:
            # its owner has deleted it meanwhile
            return

    return write


def _unless_changed(patch: Object, seen: Object) -> Object:
    return {**patch, "metadata": {**patch["metadata"], "resourceVersion": seen["metadata"]["resourceVersion"]}}


def _labelled(plan: Plan, api: Api, kind: Kind, label: str) -> list[Object]:
    def listed(namespace: str | None) -> list[Object]:
        try:
            return api.list(kind, namespace, labels=f"{label}=true")
        except NotFound:
            # not every cluster serves every kind
            return []

    outcome = for_each(plan.namespaces if kind.namespaced else [None], listed)
    for _namespace, error in outcome.failed:
        raise error
    return [item for _namespace, items in outcome.done for item in items]


def _claim_key(pv: Mapping[str, Any]) -> str:
    reference = pv["spec"].get("claimRef") or {}
    return f"{reference['namespace']}/{reference['name']}" if reference else ""


def _stays(kind: Kind, item: Object, api: Api, label: str, why: str) -> str:
    return f"{_on(kind, item, api)}: label {label} stays: {why}, and protect did not write it"


def _on(kind: Kind, item: Object, api: Api) -> str:
    name = key_of(item) if kind.namespaced else item["metadata"]["name"]
    return f"{kind.kind}/{name} at {api.site}"
