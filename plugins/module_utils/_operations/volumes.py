# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating the PVs and PVCs of a capture at the target: patched, bound, read back (P2)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.bulk import for_each
from .._cluster.clock import Deadline
from .._cluster.kinds import NAMESPACE, PV, PVC, Kind
from .._cluster.watching import Watch
from .._errors import Conflict, DrError, Refused, Timeout
from .._model.capture import Capture
from .._model.names import CREATED_BY
from .._model.plan import Plan
from .._model.vm import claim_users
from .._planning.gitops import kept_from_pruning
from .._planning.volume_compare import differences, points_home
from .._planning.volume_patch import VolumeDecision, patch_volume
from .entry import bounded
from .metadata_source import chosen_capture, source_of
from .protected import key_of
from .session import Session


def restore_volumes(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Create every claim of the capture with its volume at the target, wait until all are bound, compare them."""
    with Session(plan, run_id, check_mode) as session, session.step("volumes") as summary:
        capture = source_of(plan).manifests(session.api, chosen_capture(session))
        decisions = decide(plan, capture, session.target)
        for decision in decisions:
            session.groups.check_covered(session.target, decision.pvc, decision.pv)
        todo = _plan_changes(session.api, decisions)
        if not check_mode:
            create_namespaces(session, capture)
            _create(session, todo)
            _await_bound(session, decisions, timeout)
            verify_volumes(session.api, plan, decisions, session.target)
            session.put("volumes", [{"pv": item.pv, "pvc": item.pvc, "rule": item.rule} for item in decisions])
        changed = [decision.claim for decision, changes in todo if changes]
        summary.update({"volumes": len(decisions), "created": len(changed), "verified": not check_mode})
        return {
            "changed": bool(changed),
            "volumes": len(decisions),
            "created": len(changed),
            "decisions": bounded([{"claim": item.claim, "reasons": list(item.reasons)} for item in decisions]),
        }


def decide(plan: Plan, capture: Capture, target: str) -> list[VolumeDecision]:
    """One decision for each claim in the capture."""
    volumes = capture.index("persistentvolumes")
    users = claim_users(capture.objects.get("virtualmachines.kubevirt.io", ()))
    decisions = []
    for key, pvc in sorted(capture.index("persistentvolumeclaims").items()):
        name = pvc["spec"].get("volumeName", "")
        if name not in volumes:
            raise Refused(
                "restore the volume",
                on=f"PersistentVolumeClaim/{key}",
                seen=f"its PersistentVolume {name or '(none)'} is not in the capture",
                wanted="a claim that was Bound when it was captured",
                next_step="choose another capture, or remove the claim from the plan",
            )
        decisions.append(patch_volume(volumes[name], pvc, plan.rules, target, users.get(key, "")))
    return [kept_from_pruning(item) for item in decisions] if plan.metadata.source == "gitops" else decisions


def verify_volumes(api: Api, plan: Plan, decisions: list[VolumeDecision], target: str) -> None:
    """P2: read every PV back from the API server and compare it with what the plan says."""
    seen = {item["metadata"]["name"]: item for item in api.list(PV)}
    for decision in decisions:
        name = decision.pv["metadata"]["name"]
        on = f"PersistentVolume/{name}"
        if name not in seen:
            raise Refused(
                "verify the volume", site=target, on=on, seen="absent", wanted="as decided", next_step="start again"
            )
        rule = plan.rules[decision.rule]
        wrong = differences(decision.pv, seen[name])
        wrong += [f"{text!r} is of the other site" for text in points_home([seen[name]["spec"]], rule, target)]
        if wrong:
            raise Conflict(
                "verify the volume",
                site=target,
                on=on,
                seen="; ".join(wrong),
                wanted="what the plan's rule says",
                next_step="no VM was started: delete this PV (its data stays), then start again",
            )


def recorded_decisions(session: Session) -> list[VolumeDecision]:
    """What this run decided, from its record."""
    return [VolumeDecision(item["pv"], item["pvc"], item["rule"], ()) for item in session.load("volumes") or []]


def _plan_changes(api: Api, decisions: list[VolumeDecision]) -> list[tuple[VolumeDecision, list[tuple[Kind, Object]]]]:
    """What is still to be created; existing objects are adopted when equal and refused when not."""
    volumes = {item["metadata"]["name"]: item for item in api.list(PV)}
    claims = {key_of(item): item for item in api.list(PVC)}
    todo = []
    for decision in decisions:
        changes: list[tuple[Kind, Object]] = []
        _compare(changes, PV, decision.pv, volumes.get(decision.pv["metadata"]["name"]), api.site)
        _compare(changes, PVC, decision.pvc, claims.get(decision.claim), api.site)
        todo.append((decision, changes))
    return todo


def _compare(
    changes: list[tuple[Kind, Object]], kind: Kind, wanted: Object, seen: Mapping[str, Any] | None, site: str
) -> None:
    if seen is None:
        changes.append((kind, wanted))
        return
    wrong = differences(wanted, seen)
    if wrong:
        raise Conflict(
            f"create the {kind.kind}",
            site=site,
            on=f"{kind.kind}/{wanted['metadata']['name']}",
            seen="; ".join(wrong),
            wanted="absent, or as the plan says",
            next_step="it was not touched: find out whose it is; remove it (the data stays) or correct the rule",
        )


def create_namespaces(session: Session, capture: Capture) -> None:
    captured = capture.index("namespaces")
    for name in session.plan.namespaces:
        if session.api.find(NAMESPACE, name):
            continue
        meta = captured.get(name, {}).get("metadata", {})
        body: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for part in ("labels", "annotations"):
            if meta.get(part):
                body["metadata"][part] = meta[part]
        session.api.create(NAMESPACE, body)


def _create(session: Session, todo: list[tuple[VolumeDecision, list[tuple[Kind, Object]]]]) -> None:
    """All volumes before all claims: a claim whose volume the PV controller has not seen waits for its next round."""
    for kind in (PV, PVC):
        bodies = [(decision, body) for decision, changes in todo for of_kind, body in changes if of_kind is kind]
        _create_all(session, kind, bodies)


def _create_all(session: Session, kind: Kind, bodies: list[tuple[VolumeDecision, Object]]) -> None:
    def create(item: tuple[VolumeDecision, Object]) -> None:
        _decision, body = item
        meta = body["metadata"]
        annotations = {**meta.get("annotations", {}), CREATED_BY: session.run.id}
        session.api.create(kind, {**body, "metadata": {**meta, "annotations": annotations}})

    outcome = for_each(bodies, create, before_batch=session.verify_lock)
    for (decision, _body), error in outcome.failed:
        raise _named(error, decision)


def _named(error: DrError, decision: VolumeDecision) -> DrError:
    error.next_step = error.next_step or f"claim {decision.claim}: correct it, then start again"
    return error


def _await_bound(session: Session, decisions: list[VolumeDecision], timeout: float) -> None:
    wanted = {decision.claim for decision in decisions}
    wake = threading.Condition()
    watch = Watch(
        session.api, PVC, session.plan.namespaces, wake, keep=lambda item: item.get("status", {}).get("phase")
    )
    deadline = Deadline(session.clock, timeout)
    watch.start()
    try:
        with wake:
            while True:
                phases = {f"{ns}/{name}": phase for (ns, name), phase in watch.objects.items()}
                missing = sorted(claim for claim in wanted if phases.get(claim) != "Bound")
                session.progress.emit(
                    "volumes bound", len(wanted) - len(missing), len(wanted), waiting_for=", ".join(missing[:3])
                )
                if not missing and watch.listed:
                    return
                if deadline.over:
                    raise Timeout(
                        "wait for the claims to be bound",
                        site=session.target,
                        on=f"PersistentVolumeClaim/{missing[0] if missing else '(no answer)'}",
                        seen=f"{len(missing)} are not Bound: {', '.join(missing[:5])}; {watch.error or ''}",
                        wanted="Bound",
                        waited=deadline.elapsed,
                        next_step="look at the claims' events, then start again",
                    )
                wake.wait(min(5.0, deadline.left + 0.01))
    finally:
        watch.stop()
