# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring everything of a capture but its volumes: the rest by Velero, then the VMs by us, halted."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from .._cluster.api import Object
from .._cluster.bulk import for_each
from .._cluster.kinds import VM
from .._errors import Conflict, Refused
from .._model.names import CREATED_BY, RECORDED
from .._model.plan import Plan
from .._model.vm import power_record
from .metadata_source import source_of
from .protected import key_of, list_vms
from .session import Session

# created by us, patched and verified; or never wanted at a target
OURS = (
    "persistentvolumes",
    "persistentvolumeclaims",
    "virtualmachines.kubevirt.io",
    "datavolumes.cdi.kubevirt.io",
    # restored bare they lock the VM and snapshot anew
    "virtualmachinesnapshots.snapshot.kubevirt.io",
    "virtualmachinesnapshotcontents.snapshot.kubevirt.io",
    "virtualmachinerestores.snapshot.kubevirt.io",
    "volumesnapshots.snapshot.storage.k8s.io",
    "volumesnapshotcontents.snapshot.storage.k8s.io",
)
NO_IMPORT = "kubevirt.io/immediate-data-volume-creation"
DROPPED_META = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "ownerReferences",
    "finalizers",
    "selfLink",
)


def restore_metadata(plan: Plan, run_id: str, capture_name: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Velero restores the rest; then the VMs are created, halted, with their own power state written on them."""
    with Session(plan, run_id, check_mode) as session, session.step("metadata") as summary:
        source = source_of(plan)
        capture = source.manifests(session.api, capture_name)
        wanted = [halted(vm, run_id) for vm in capture.objects.get(VM.resource, ())]
        existing = list_vms(plan, session.api)
        todo = [vm for vm in wanted if not _is_there(vm, existing.get(key_of(vm)), run_id)]
        counts: dict[str, int] = {}
        if not check_mode:
            session.verify_lock()
            session.progress.emit("metadata", 0, len(wanted), waiting_for="Velero's restore")
            counts = source.restore(session.api, capture_name, run_id, OURS, timeout)
            _create_vms(session, todo)
        session.progress.emit("metadata", len(wanted), len(wanted))
        summary.update({"restored": counts, "vms": len(wanted), "vms_created": len(todo)})
        return {"changed": bool(todo), "restored": counts, "vms": len(wanted), "vms_created": len(todo)}


def halted(vm: Mapping[str, Any], run_id: str) -> Object:
    """The VM as it is created at a target: off, nothing imported, its own runStrategy and power state recorded."""
    meta = {key: value for key, value in copy.deepcopy(dict(vm["metadata"])).items() if key not in DROPPED_META}
    annotations = {
        key: value
        for key, value in (meta.get("annotations") or {}).items()
        if not key.startswith("kubectl.kubernetes.io/")
    }
    meta["annotations"] = {
        **annotations,
        RECORDED: power_record(vm).as_annotation(),
        CREATED_BY: run_id,
        NO_IMPORT: "false",
    }
    spec = copy.deepcopy(dict(vm["spec"]))
    if "running" in spec:
        spec["running"] = False
    else:
        spec["runStrategy"] = "Halted"
    return {"apiVersion": VM.api_version, "kind": VM.kind, "metadata": meta, "spec": spec}


def _is_there(wanted: Object, seen: Mapping[str, Any] | None, run_id: str) -> bool:
    """An earlier attempt of this run created it; anybody else's VM of that name is refused."""
    if seen is None:
        return False
    creator = (seen["metadata"].get("annotations") or {}).get(CREATED_BY)
    if creator == run_id:
        return True
    raise Refused(
        "create the VM",
        on=f"VirtualMachine/{key_of(wanted)}",
        seen="one of that name exists at the target" + (f", created by run {creator}" if creator else ""),
        wanted="absent",
        next_step="it was not touched: remove it if it is a leftover, then start again",
    )


def _create_vms(session: Session, todo: list[Object]) -> None:
    def create(vm: Object) -> None:
        try:
            session.api.create(VM, vm)
        except Conflict:
            _is_there(vm, session.api.get(VM, vm["metadata"]["name"], vm["metadata"]["namespace"]), session.run.id)

    outcome = for_each(todo, create, before_batch=session.verify_lock)
    for vm, error in outcome.failed:
        error.next_step = error.next_step or f"VM {key_of(vm)}: correct what the message names, then start again"
        raise error
