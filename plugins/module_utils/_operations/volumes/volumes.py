# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating the PVs and PVCs of a capture at the target: patched, bound, read back (P2)."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..._cluster.api import Api
from ..._cluster.kinds import PV
from ..._errors import Conflict, DrError, Refused
from ..._model.capture import Capture
from ..._model.names import RECOVERED_FROM
from ..._model.plan import Plan
from ..._model.run import REFRESH
from ..._model.vm import claim_users
from ..._planning.clones.choice import choose_clones
from ..._planning.clones.exchange import check_same_volumes, exchanged, told
from ..._planning.gitops import kept_from_pruning
from ..._planning.guards.recovery import GUIDE
from ..._planning.volumes.compare import differences, points_home
from ..._planning.volumes.existing import removal_of
from ..._planning.volumes.patch import VolumeDecision, patch_volume
from ..capture.metadata_source import chosen_capture, source_of
from ..entry import bounded
from ..inventory.namespaces import absent_namespaces, create_namespaces
from ..inventory.target_writers import check_no_writers, check_nothing_runs
from ..run.session import Session
from ..stop.latch_closing import close_latch_at_target
from .binding import bind
from .changes import list_existing, settle_all
from .commits import await_committed, commit_place, commit_volumes, without_committed
from .stage import StagedVolume, join_replication, outdated, remove, without


def restore_volumes(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Create every claim of the capture with its volume at the target, wait until all are bound, compare them.

    Where the plan says so they are committed to Git, and somebody else creates them.
    """
    with Session(plan, run_id, check_mode) as session, session.step("volumes") as summary:
        capture = source_of(plan).manifests(session.api, chosen_capture(session))
        decided = decide(plan, capture, session.target, session.run.recovery_point)
        if session.run.operation == REFRESH:
            check_nothing_runs(session)
        for decision in decided:
            session.groups.check_covered(session.target, decision.pvc, decision.pv)
        check_no_writers(session, [decision.claim for decision in decided])
        absent = absent_namespaces(plan, session.api)
        existing = list_existing(session.api)
        replaced = outdated(session, decided, existing)
        existing = without(existing, replaced)
        place, told = commit_place(plan), {}
        changes = settle_all(decided, without_committed(existing, plan.name) if place else existing, session.target)
        if not check_mode:
            create_namespaces(session.api, absent, capture)
            close_latch_at_target(session)
        if place:
            told = commit_volumes(session, place, [change.decision for change in changes])
            changes = settle_all(decided, existing, session.target)
        decisions = [change.decision for change in changes]
        if not check_mode:
            if place:
                decisions = await_committed(session, place, decided, timeout)
            else:
                remove(session, replaced, timeout)
                bind(session, changes, timeout)
            verify_volumes(session.api, plan, decisions, session.target)
            if session.run.operation == REFRESH:
                summary["joined"] = join_replication(session)
            session.put("volumes", [{"pv": item.pv, "pvc": item.pvc, "rule": item.rule} for item in decisions])
        created = sum(change.creates > 0 for change in changes)
        rebound = sum(change.patch is not None for change in changes)
        counts = {"volumes": len(decisions), "created": created, "rebound": rebound}
        summary.update({**counts, **({"commit": told["commit"]} if told else {}), "verified": not check_mode})
        return {
            **told,
            "changed": any(change.creates or change.patch or change.unmarked for change in changes)
            or bool(told.get("changed")),
            **counts,
            "decisions": bounded([{"claim": item.claim, "reasons": _reasons(item, replaced)} for item in decisions]),
        }


def _reasons(decision: VolumeDecision, replaced: list[StagedVolume]) -> list[str]:
    why = [f"made anew, as it was outdated: {item.why}" for item in replaced if item.claim == decision.claim]
    return [*decision.reasons, *why]


def decide(plan: Plan, capture: Capture, target: str, point: str | None = None) -> list[VolumeDecision]:
    """One decision for each claim in the capture. point: the recovery point whose clones the claims are to get."""
    decisions = _patched(plan, capture, target)
    if point:
        chosen = choose_clones(plan.name, capture, point)
        plain, decisions = decisions, _patched(plan, exchanged(plan, capture, chosen), target)
        check_same_volumes(plain, decisions, chosen)
        decisions = told(decisions, chosen)
    return [kept_from_pruning(item) for item in decisions] if plan.metadata.source == "gitops" else decisions


def _patched(plan: Plan, capture: Capture, target: str) -> list[VolumeDecision]:
    volumes = capture.index("persistentvolumes")
    claims = capture.index("persistentvolumeclaims")
    users = claim_users(capture.objects.get("virtualmachines.kubevirt.io", ()), claims)
    decisions = []
    with _uncollected():
        for key, pvc in sorted(claims.items()):
            name = pvc["spec"].get("volumeName", "")
            if name not in volumes:
                raise Refused(
                    "restore the volume",
                    on=f"PersistentVolumeClaim/{key}",
                    seen=f"its PersistentVolume {name or '(none)'} is not in the capture",
                    wanted="a claim that was Bound when it was captured",
                    next_step="choose another capture, or remove the claim from the plan",
                )
            decisions.append(patch_volume(volumes[name], pvc, plan.rules, target, users.get(key, ())))
    return decisions


def check_places(session: Session, decisions: list[VolumeDecision]) -> None:
    """Refused, while nothing is stopped yet, where claims that were exchanged with clones find others in their place.

    At a site that had the plan before, its claims stand as they were before the exchange.
    """
    if not any(RECOVERED_FROM in (item.pvc["metadata"].get("annotations") or {}) for item in decisions):
        return
    existing = list_existing(session.api)
    try:
        settle_all(decisions, without(existing, outdated(session, decisions, existing)), session.target)
    except DrError as error:
        error.next_step = f"{GUIDE}#the-way-back says how the site is made ready. {error.next_step or ''}".strip()
        raise


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles, which would look at a million objects again and again that all are kept.

    Nor does it look at them later: they are needed until the process ends.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


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
                next_step=f"no VM was started: {removal_of(seen[name])}, then start again",
            )


def recorded_decisions(session: Session) -> list[VolumeDecision]:
    """What this run decided, from its record."""
    return [VolumeDecision(item["pv"], item["pvc"], item["rule"], ()) for item in session.load("volumes") or []]
