# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else brings manifests to the target: we keep its VMs off, wait for all of it, and verify it (P2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.bulk import for_each
from ..._cluster.kinds import DATA_VOLUME, NAMESPACE, PV, PVC, VM, Kind
from ..._errors import Conflict, NotFound, Refused
from ..._metadata.base import MetadataSource
from ..._metadata.export_kinds import kind_of
from ..._model.capture import Capture
from ..._model.names import CREATED_BY, NO_IMPORT, RECLAIM_POLICY, RECORDED, protected_label
from ..._model.plan import Plan
from ..._model.vm import off_fields, power_record
from ..._planning.restore.arrival import (
    CLAIMS,
    VMS,
    VOLUMES,
    ExpectedVolume,
    awaited,
    changes,
    is_taken_over,
    populated,
    volume_problems,
)
from ..capture.metadata_source import chosen_capture, source_of
from ..entry import bounded
from ..inventory.namespaces import absent_namespaces, create_namespaces
from ..inventory.protected import key_of, list_vms, running_vmis
from ..run.session import Session
from ..start.memory import forget_ready
from ..stop.latch_closing import close_latch_at_target
from ..volumes.volumes import recorded_decisions, verify_volumes
from .brought import Awaited, await_brought
from .expected import expected_volumes


def foresee_volumes(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Before the promotion: refuse what is there already and wrong, and make namespaces, so that the latch can close.

    What is absent yet is waited for after the promotion, which is what most products wait for.
    """
    with Session(plan, run_id, check_mode) as session, session.step("volumes") as summary:
        record = source_of(plan).manifests(session.api, chosen_capture(session))
        expected = expected_volumes(plan, record, session.target)
        there = _verified(session, expected, _claims(session.api, plan))
        if not check_mode:
            _latch_target(session, record)
        summary.update({"volumes": len(expected), "there": len(there), "created": 0, "verified": False})
        found = {item["claim"] for item in there}
        reasons = {True: "it is there, as the plan says", False: "the product brings it after the promotion"}
        decisions = [{"claim": item.claim, "reasons": [reasons[item.claim in found]]} for item in expected]
        return {"changed": False, "volumes": len(expected), "created": 0, "decisions": bounded(decisions)}


def latch_target(session: Session) -> None:
    """Before a switch that brings VMs along: they come with the runStrategy that they had, and ask nobody."""
    _latch_target(session, source_of(session.plan).manifests(session.api, chosen_capture(session)))


def _latch_target(session: Session, record: Capture) -> None:
    session.verify_lock()
    create_namespaces(session.api, absent_namespaces(session.plan, session.api), record)
    close_latch_at_target(session)


def await_arrival(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """After it: all that was recorded is there, VMs are off with their own power state written on them, and every
    volume is what the plan says."""
    with Session(plan, run_id, check_mode) as session, session.step("metadata") as summary:
        source = source_of(plan)
        record = source.manifests(session.api, chosen_capture(session))
        if check_mode:
            missing = awaited(record, _look(session, record))
            return _result(False, record, 0, [f"{name} is awaited" for name in missing])
        halted = _await_all(session, record, source, timeout)
        retained: list[str] = []
        if source.makes_volumes:
            verify_volumes(session.api, plan, recorded_decisions(session), session.target)
        else:
            retained = _record_volumes(session, expected_volumes(plan, record, session.target))
        seen = _look(session, record)
        labelled = _label(session, record, seen)
        decisions = [*labelled, *retained, *changes(record, seen)]
        decisions += [
            f"VirtualMachine/{key} stays halted: it is not recorded"
            for key in sorted(seen.index(VMS).keys() - record.index(VMS).keys())
        ]
        result = _result(bool(halted or retained or labelled), record, len(halted), decisions)
        summary.update({"vms": result["vms"], "vms_updated": len(halted)})
        return result


def _result(changed: bool, record: Capture, halted: int, decisions: list[str]) -> dict[str, Any]:
    counts = {"vms": len(record.index(VMS)), "vms_created": 0, "vms_updated": halted}
    counts |= dict.fromkeys(("workloads", "workloads_created", "workloads_updated"), 0)
    return {"changed": changed, "restored": {}, **counts, "decisions": bounded(decisions)}


def _await_all(session: Session, record: Capture, source: MetadataSource, timeout: float) -> set[str]:
    """Keys of the VMs that were halted. They are halted as they come: the latch keeps them from starting till then."""
    halted: set[str] = set()
    # a rerun after the start must not stop what it started
    started = "start" in session.run.steps

    def missing() -> list[str]:
        seen = _look(session, record)
        _refuse_imports(session, record)
        vms = seen.index(VMS)
        todo = {key: vm for key, vm in vms.items() if not is_taken_over(vm, session.run.id, started)}
        _take_over(session, record, todo)
        halted.update(todo)
        found = awaited(record, seen) + [f"VirtualMachine/{key}, to be halted" for key in sorted(todo)]
        if not started:
            found += [
                f"VirtualMachineInstance/{key}, which has to end"
                for key in running_vmis(session.plan, session.api, set(vms))
            ]
        return found

    what = Awaited(
        "metadata",
        sum(len(items) for resource, items in record.objects.items() if resource != VOLUMES),
        by=source.brought_by,
        wanted="everything that was recorded where it comes from",
        bring_it=f"{source.bring_it} ({session.target})",
    )
    await_brought(session, what, missing, timeout)
    return halted


def _look(session: Session, record: Capture) -> Capture:
    """What of the recorded kinds the target has, its volumes left out."""
    api, namespaces = session.api, session.plan.namespaces
    objects: dict[str, list[Object]] = {}
    for resource, items in record.objects.items():
        if resource in (VMS, VOLUMES):
            continue
        if resource == NAMESPACE.resource:
            found = [api.find(NAMESPACE, name) for name in namespaces]
            objects[resource] = [item for item in found if item]
            continue
        kind = kind_of(resource, items[0])
        objects[resource] = [item for namespace in namespaces for item in _listed(api, kind, namespace)]
    return Capture(session.target, {**objects, VMS: list(list_vms(session.plan, api).values())})


def _listed(api: Api, kind: Kind, namespace: str) -> list[Object]:
    try:
        return api.list(kind, namespace)
    except NotFound:
        # the target does not serve it (yet)
        return []


def _refuse_imports(session: Session, record: Capture) -> None:
    found = [item for name in session.plan.namespaces for item in _listed(session.api, DATA_VOLUME, name)]
    wrong = populated(set(record.index(CLAIMS)), found)
    if wrong:
        raise Refused(
            "wait for what is restored",
            site=session.target,
            on=wrong[0].partition(" ")[0],
            seen="; ".join(wrong[:5]),
            wanted="claims that nothing writes to: an import destroys the replica",
            next_step="stop it; have the claim restored before its VM, or the VM without dataVolumeTemplates",
        )


def _take_over(session: Session, record: Capture, vms: dict[str, Object]) -> None:
    """Off by its own strategy, with what it was where it comes from, in one patch."""
    recorded = record.index(VMS)
    if vms:
        forget_ready(session, session.target, vms.keys())

    def halt(vm: Object) -> None:
        meta = vm["metadata"]
        annotations = {
            RECORDED: power_record(recorded.get(key_of(vm), vm)).as_annotation(),
            CREATED_BY: session.run.id,
            NO_IMPORT: "false",
        }
        patch = {"metadata": {"annotations": annotations}, "spec": off_fields(vm)}
        session.api.patch(VM, meta["name"], meta["namespace"], patch)

    outcome = for_each(list(vms.values()), halt, before_batch=session.verify_lock)
    for _vm, error in outcome.failed:
        # somebody else works on it too: the next look tells
        if not isinstance(error, (Conflict, NotFound)):
            raise error


def _label(session: Session, record: Capture, seen: Capture) -> list[str]:
    """The plan's label on what came without it: by it the next capture or record, of this site, finds it."""
    label = protected_label(session.plan.name)
    lacking = [
        (kind_of(resource, items[0]), there[key])
        for resource, items in record.objects.items()
        if resource not in (NAMESPACE.resource, VOLUMES)
        for there in [seen.index(resource)]
        for key in record.index(resource).keys() & there.keys()
        if (there[key]["metadata"].get("labels") or {}).get(label) != "true"
    ]

    def write(pair: tuple[Kind, Mapping[str, Any]]) -> None:
        kind, item = pair
        body = {"metadata": {"labels": {label: "true"}}}
        session.api.patch(kind, item["metadata"]["name"], item["metadata"]["namespace"], body)

    outcome = for_each(lacking, write, before_batch=session.verify_lock)
    for _pair, error in outcome.failed:
        raise error
    return sorted(f"{kind.kind}/{key_of(item)}: label {label}" for kind, item in lacking)


def _claims(api: Api, plan: Plan) -> dict[str, Object]:
    return {key_of(item): item for namespace in plan.namespaces for item in api.list(PVC, namespace)}


def _verified(session: Session, expected: list[ExpectedVolume], claims: dict[str, Object]) -> list[dict[str, Any]]:
    """Claim, PVC, PV and rule of those that are there with their volume; refused when one is not what the plan says."""
    volumes = {item["metadata"]["name"]: item for item in session.api.list(PV)}
    found = []
    for item in expected:
        pvc = claims.get(item.claim)
        if pvc is None or (pvc.get("status") or {}).get("phase") != "Bound":
            continue
        pv = volumes.get(pvc["spec"].get("volumeName", ""))
        problems = volume_problems(item, session.target, pvc, pv)
        if problems or pv is None:
            raise Conflict(
                "verify the volume that the product restored",
                site=session.target,
                on=f"PersistentVolumeClaim/{item.claim}",
                seen="; ".join(problems),
                wanted=f"what volumes.rules[{item.rule.index}] says",
                next_step="no VM was started, and nothing was changed: let the product restore it anew, as a PV's "
                "source cannot be changed, or correct the rule",
            )
        session.groups.check_covered(session.target, pvc, pv)
        found.append({"claim": item.claim, "pvc": pvc, "pv": pv, "rule": item.rule.index})
    return found


def _record_volumes(session: Session, expected: list[ExpectedVolume]) -> list[str]:
    """Verify all of them, set Retain, and keep them as this run's volumes: a start reads them back once more."""
    found = _verified(session, expected, _claims(session.api, session.plan))
    lacking = {item.claim for item in expected} - {item["claim"] for item in found}
    if lacking:
        raise Conflict(
            "verify the volumes that the product restored",
            site=session.target,
            on=f"PersistentVolumeClaim/{min(lacking)}",
            seen="it was Bound a moment ago",
            wanted="Bound",
            next_step="look at it, then start again",
        )
    deletable = [item for item in found if item["pv"]["spec"].get("persistentVolumeReclaimPolicy") != "Retain"]

    def retain(item: dict[str, Any]) -> None:
        policy = item["pv"]["spec"].get("persistentVolumeReclaimPolicy")
        body = {
            "metadata": {"annotations": {RECLAIM_POLICY: policy}},
            "spec": {"persistentVolumeReclaimPolicy": "Retain"},
        }
        item["pv"] = session.api.patch(PV, item["pv"]["metadata"]["name"], None, body)

    outcome = for_each(deletable, retain, before_batch=session.verify_lock)
    for _item, error in outcome.failed:
        raise error
    session.put("volumes", [{key: item[key] for key in ("pv", "pvc", "rule")} for item in found])
    verify_volumes(session.api, session.plan, recorded_decisions(session), session.target)
    return [f"PersistentVolume/{item['pv']['metadata']['name']}: reclaim policy becomes Retain" for item in deletable]
