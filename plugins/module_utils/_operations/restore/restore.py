# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring all of a capture but its volumes: the rest by the metadata source, then VMs and workloads by us, off."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..._cluster.api import Object
from ..._cluster.bulk import for_each
from ..._cluster.clock import Deadline
from ..._cluster.kinds import ATTACHMENT_DEFINITION, VM
from ..._errors import Conflict
from ..._metadata.base import MetadataSource
from ..._metadata.export_compare import Compared, compare_with_site
from ..._metadata.export_kinds import RESTORED
from ..._metadata.export_restore import Rules, restore_objects
from ..._model.capture import Capture
from ..._model.names import ADOPTED, CREATED_BY, NO_IMPORT, RECORDED
from ..._model.plan import Plan
from ..._model.run import REFRESH
from ..._model.vm import off_fields, power_record
from ..._model.vm_needs import with_revisions
from ..._planning.restore.ownership import adopted_mark
from ..._planning.vm.change import VmChange, decide_vm
from ..._planning.vm.identity import identity_kept
from ..._planning.vm.networks import NetworkNames, with_networks
from ..capture.metadata_source import chosen_capture, source_of
from ..entry import bounded
from ..inventory.protected import key_of, list_vms, running_vmis
from ..run.session import Session
from ..start.memory import forget_ready
from .namesakes import namesakes
from .network_restore import absent_networks, create_networks
from .taken_over import take_over, taken_over
from .workload_restore import NOT_MOVED, decide_workloads, write_workloads
from .workload_restore import OURS as WORKLOADS

# Velero captures those of a ServiceAccount with it, and would bring the target's own `view` to the source's
OF_CLUSTER = ("clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io")
# created by us, patched and verified; or never wanted at a target
OURS = (
    "persistentvolumes",
    "persistentvolumeclaims",
    "virtualmachines.kubevirt.io",
    *WORKLOADS,
    *NOT_MOVED,
    *OF_CLUSTER,
    "datavolumes.cdi.kubevirt.io",
    # of the target, where it has one of that name
    ATTACHMENT_DEFINITION.resource,
    # restored bare they lock the VM and snapshot anew
    "virtualmachinesnapshots.snapshot.kubevirt.io",
    "virtualmachinesnapshotcontents.snapshot.kubevirt.io",
    "virtualmachinerestores.snapshot.kubevirt.io",
    "volumesnapshots.snapshot.storage.k8s.io",
    "volumesnapshotcontents.snapshot.storage.k8s.io",
)
# what a refresh brings to a stage; other kinds are Velero's to know
STAGED = frozenset(kind.resource for kind in RESTORED)
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


def restore_metadata(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """The source restores the rest; then VMs and workloads are created, off, with what they were written on them.

    What the target holds of an earlier stay of the plan is brought to what the capture says: the site where the plan
    ran last wins.
    """
    with Session(plan, run_id, check_mode) as session, session.step("metadata") as summary:
        source, name = source_of(plan), chosen_capture(session)
        capture = source.manifests(session.api, name)
        names = NetworkNames(plan.attachments, session.source, session.target)
        mapped = _mapped(capture, names)
        wanted = [halted(vm, run_id) for vm, _renamed in mapped]
        existing = list_vms(plan, session.api)
        changes = _decide_vms(session, wanted, existing)
        workloads = decide_workloads(plan, session.api, capture, run_id, taken_over(session))
        strangers = namesakes(plan, session.api, capture)
        compared = compare_with_site(session.api, capture, OURS, plan.name)
        decisions = []
        if session.run.operation == REFRESH:
            beyond = sorted(compared.resources - STAGED)
            decisions += [
                f"{resource} stays in {name} until the plan moves: a stage does not hold it" for resource in beyond
            ]
            compared = compared.without(beyond)
        decisions += _network_decisions(renamed for _vm, renamed in mapped)
        decisions += [change.why for change in changes if change.why]
        decisions += [f"{on} stays as it is: it is not of the plan" for on in strangers]
        decisions += [
            f"VirtualMachine/{key} stays halted: it is not in {name}"
            for key in sorted(existing.keys() - {key_of(vm) for vm in wanted})
            if session.run.operation != REFRESH
        ]
        decisions += workloads.decisions
        decisions += [
            f"{item['kind']}/{item['metadata']['name']} stays in the capture: it is the whole cluster's"
            for resource in OF_CLUSTER
            for item in capture.objects.get(resource, ())
        ]
        decisions += source.left_out(session.api, capture, OURS)
        networks = absent_networks(session.api, capture, names)
        decisions += networks.decisions
        decisions += [text for texts in compared.changed.values() for text in texts]
        todo = [change for change in changes if change.verb != "keep"]
        counts = {"items": 0, "warnings": 0, "errors": 0}
        if not check_mode:
            session.verify_lock()
            session.progress.emit("metadata", 0, len(wanted), waiting_for=f"{source.title} to restore the rest")
            if compared.resources:
                counts = _restore_rest(session, source, capture, compared, timeout, update=not strangers)
            create_networks(session, networks)
            kept = [existing[key_of(change.body)] for change in changes if change.verb == "keep"]
            take_over(session, [*kept, *workloads.kept])
            write_vms(session, todo)
            write_workloads(session, workloads.todo)
        session.progress.emit("metadata", len(wanted), len(wanted))
        verbs = [change.verb for change in changes]
        result = {
            "restored": counts,
            "vms": len(wanted),
            "vms_created": verbs.count("create"),
            "vms_updated": verbs.count("update"),
            "workloads": len(workloads.changes),
            "workloads_created": workloads.count("create"),
            "workloads_updated": workloads.count("update"),
        }
        summary.update({**result, "decisions": decisions[:20]})
        return {
            "changed": bool(todo or networks.bodies or workloads.todo or compared.resources),
            **result,
            "decisions": bounded(decisions),
        }


def _decide_vms(session: Session, wanted: list[Object], existing: Mapping[str, Object]) -> list[VmChange]:
    plan, site = session.plan.name, session.target
    up, taken = set(running_vmis(session.plan, session.api, set(existing))), taken_over(session)
    changes = []
    for vm in wanted:
        seen = existing.get(key_of(vm))
        change = decide_vm(vm, seen, session.run.id, plan, taken, runs=key_of(vm) in up)
        if seen is not None and change.verb == "update":
            meta = change.body["metadata"]
            marked = {**meta["annotations"], **adopted_mark(seen, plan, site)}
            change = replace(change, body={**change.body, "metadata": {**meta, "annotations": marked}})
        changes.append(change)
    return changes


def _restore_rest(
    session: Session, source: MetadataSource, capture: Capture, compared: Compared, timeout: float, update: bool
) -> dict[str, int]:
    """What differs only. A stage is brought there by us, object by object: each is marked as ours when it is made."""
    exclude = (*OURS, *compared.as_captured)
    if session.run.operation == REFRESH:
        rules = Rules(session.plan.name, session.run.id, update, session.verify_lock)
        return restore_objects(session.api, capture, exclude, Deadline(session.clock, timeout), rules)
    return source.restore(
        session.api, capture.name, session.run.id, exclude, timeout, update=update, verify_lock=session.verify_lock
    )


def halted_copies(plan: Plan, capture: Capture, source: str, target: str, run_id: str) -> list[Object]:
    """The VMs of a capture as they are created at the target."""
    return [halted(vm, run_id) for vm, _renamed in _mapped(capture, NetworkNames(plan.attachments, source, target))]


def _mapped(capture: Capture, names: NetworkNames) -> list[tuple[Object, list[tuple[str, str]]]]:
    return [with_networks(identity_kept(vm), names) for vm in capture.objects.get(VM.resource, ())]


def _network_decisions(renamed: Iterable[list[tuple[str, str]]]) -> list[str]:
    counts = Counter(pair for pairs in renamed for pair in set(pairs))
    return [
        f"NetworkAttachmentDefinition/{before} becomes {after} in {number} VM{'s' if number > 1 else ''}"
        for (before, after), number in sorted(counts.items())
    ]


def halted(vm: Mapping[str, Any], run_id: str) -> Object:
    """The VM as it is created at a target: off, nothing imported, its own runStrategy and power state recorded."""
    meta = {key: value for key, value in copy.deepcopy(dict(vm["metadata"])).items() if key not in DROPPED_META}
    annotations = {
        key: value
        for key, value in (meta.get("annotations") or {}).items()
        if not key.startswith("kubectl.kubernetes.io/") and key != ADOPTED
    }
    meta["annotations"] = {
        **annotations,
        RECORDED: power_record(vm).as_annotation(),
        CREATED_BY: run_id,
        NO_IMPORT: "false",
    }
    spec = {**copy.deepcopy(with_revisions(vm)), **off_fields(vm)}
    return {"apiVersion": VM.api_version, "kind": VM.kind, "metadata": meta, "spec": spec}


def write_vms(session: Session, todo: list[VmChange]) -> None:
    if todo:
        forget_ready(session, session.target, {key_of(change.body) for change in todo})

    def write(change: VmChange) -> None:
        if change.verb == "update":
            session.api.replace(VM, change.body)
            return
        try:
            session.api.create(VM, change.body)
        except Conflict:
            # somebody made it meanwhile: only this very run's one is right
            meta = change.body["metadata"]
            decide_vm(change.body, session.api.get(VM, meta["name"], meta["namespace"]), session.run.id, "")

    outcome = for_each(todo, write, before_batch=session.verify_lock)
    for change, error in outcome.failed:
        error.next_step = (
            error.next_step or f"VM {key_of(change.body)}: correct what the message names, then start again"
        )
        raise error
