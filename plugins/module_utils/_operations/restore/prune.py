# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a refresh: what vanished where the plan lives goes from the stage, if a run of the plan made it (P8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.clock import Deadline
from ..._cluster.kinds import PV, PVC, VM, Kind
from ..._cluster.run_store import RunStore
from ..._errors import NotFound, Refused
from ..._metadata.export_kinds import RESTORED
from ..._model.capture import Capture
from ..._model.names import protected_label
from ..._model.plan import Plan
from ..._model.run import REFRESH
from ..._planning.restore.stage_removal import why_object_stays
from ..capture.metadata_source import chosen_capture, source_of
from ..entry import bounded
from ..inventory.protected import key_of, running_vmis
from ..inventory.workloads import KINDS as WORKLOADS
from ..run.session import Session
from ..volumes.stage import StagedVolume, remove, remove_objects, users_by_claim, why_stays

# VMs and workloads before what they need, that before what it needs
ORDER = (VM, *WORKLOADS.values(), *(kind for kind in reversed(RESTORED) if kind.namespaced))
# records of refreshes; a schedule makes a new one every time
KEPT_RECORDS = 3


def prune_stage(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Remove objects that neither the capture nor the site where the plan lives has any more."""
    with Session(plan, run_id, check_mode) as session, session.step("prune") as summary:
        if session.run.operation != REFRESH:
            raise Refused(
                "remove from the stage",
                site=session.target,
                on=f"run {run_id}",
                seen=f"it is a {session.run.operation}",
                wanted="the refresh of a stage",
                next_step="run prestage: a move removes nothing",
            )
        capture = source_of(plan).manifests(session.api, chosen_capture(session))
        decisions: list[str] = []
        there = session.site_api(session.source)
        objects = _objects(session, there, capture, decisions)
        vms = {key_of(item) for kind, item in objects if kind is VM}
        volumes = _volumes(session, there, capture, vms, decisions)
        if not check_mode:
            session.progress.emit("prune", 0, len(objects) + len(volumes))
            remove_objects(session, objects, Deadline(session.clock, timeout))
            remove(session, volumes, timeout)
            _forget_old_refreshes(session)
        removed = len(objects) + len(volumes)
        summary.update({"removed": removed, "stays": len(decisions) - removed})
        return {"changed": bool(removed), "removed": removed, "decisions": bounded(decisions)}


def _objects(session: Session, there: Api, capture: Capture, decisions: list[str]) -> list[tuple[Kind, Object]]:
    """there: the site where the plan lives."""
    found: list[tuple[Kind, Object]] = []
    for kind in ORDER:
        wanted = capture.index(kind.resource)
        vanished = [item for item in _labelled(session, kind) if key_of(item) not in wanted]
        up = set(running_vmis(session.plan, session.api, {key_of(i) for i in vanished})) if kind is VM else set()
        for item in vanished:
            on = f"{kind.kind}/{key_of(item)}"
            why = why_object_stays(item, session.plan.name, session.target) or _at_source(there, kind, item)
            why = why or ("it runs" if key_of(item) in up else "")
            decisions.append(f"{on} stays: {why}" if why else f"{on} is removed: {session.source} has it no more")
            if not why:
                found.append((kind, item))
    return found


def _volumes(
    session: Session, there: Api, capture: Capture, leaving: set[str], decisions: list[str]
) -> list[StagedVolume]:
    """leaving: VMs that are removed too, and so use nothing any more."""
    wanted = capture.index(PVC.resource)
    captured = {pv["metadata"]["name"] for pv in capture.objects.get(PV.resource, ())}
    by_claim: dict[str, tuple[Object | None, list[Object]]] = {
        key_of(pvc): (pvc, []) for pvc in _labelled(session, PVC) if key_of(pvc) not in wanted
    }
    label = f"{protected_label(session.plan.name)}=true"
    for pv in session.api.list(PV, labels=label):
        ref = pv["spec"].get("claimRef") or {}
        key = f"{ref.get('namespace')}/{ref.get('name')}"
        if key in by_claim or (key not in wanted and pv["metadata"]["name"] not in captured):
            by_claim.setdefault(key, (None, []))[1].append(pv)
    users = users_by_claim(session.api, session.plan.namespaces, vms=True) if by_claim else {}
    gone = {f"VirtualMachine/{key}" for key in leaving}
    found = []
    for claim, (pvc, pvs) in sorted(by_claim.items()):
        item = StagedVolume(claim, pvc, tuple(pvs), "")
        on = f"PersistentVolumeClaim/{claim}" if pvc else f"PersistentVolume/{pvs[0]['metadata']['name']}"
        why = _claim_at_source(there, claim) or why_stays(session, item, users.get(claim, set()) - gone)
        decisions.append(
            f"{on} stays: {why}" if why else f"{on} is removed, its data stays: {session.source} has no claim"
        )
        if not why:
            found.append(item)
    return found


def _labelled(session: Session, kind: Kind) -> list[Object]:
    label = f"{protected_label(session.plan.name)}=true"
    try:
        return [item for space in session.plan.namespaces for item in session.api.list(kind, space, labels=label)]
    except NotFound:
        # not served there
        return []


def _at_source(there: Api, kind: Kind, item: Mapping[str, Any]) -> str:
    meta = item["metadata"]
    found = there.find(kind, meta["name"], meta["namespace"])
    return f"it is at {there.site}, and no capture has it" if found else ""


def _claim_at_source(there: Api, claim: str) -> str:
    namespace, _slash, name = claim.partition("/")
    found = there.find(PVC, name, namespace)
    return f"its claim is at {there.site}, and no capture has it" if found else ""


def _forget_old_refreshes(session: Session) -> None:
    """A refresh leaves nothing behind that a later one needs."""
    store = RunStore(session.api, session.plan.store_namespace)
    older = [head["id"] for head in store.heads(session.plan.name) if head["operation"] == REFRESH]
    for run_id in older[:-KEPT_RECORDS]:
        session.verify_lock()
        store.drop(run_id, session.plan.name)
