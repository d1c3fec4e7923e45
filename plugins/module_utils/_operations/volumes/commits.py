# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that go to the target by a commit: written, committed, pushed; brought by somebody else, awaited by us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._cluster.bulk import for_each
from ..._cluster.clock import Clock
from ..._cluster.kinds import PV
from ..._errors import Conflict, DrError
from ..._metadata.git_checkout import GitCheckout
from ..._model.capture import Capture
from ..._model.finding import Finding
from ..._model.names import COMMITTED
from ..._model.plan import Plan
from ..._planning.restore.arrival import CLAIMS, awaited
from ..._planning.volumes.binding import VolumeChange
from ..._planning.volumes.manifests import ENDING, FileChanges, file_changes, file_name, is_ours
from ..._planning.volumes.patch import VolumeDecision
from ..entry import bounded
from ..restore.brought import Awaited, await_brought
from ..run.session import Session
from .changes import Existing, list_existing, settle_all

DIFFS = 20


def commit_place(plan: Plan) -> Mapping[str, Any] | None:
    """Where the plan's volumes go as commits; None when we apply them."""
    place: Mapping[str, Any] | None = ((plan.metadata.gitops or {}).get("volumes") or {}).get("commit")
    return place


def check_commit_place(plan: Plan, site: str, clock: Clock) -> None:
    """Refused, while nothing is stopped yet, where volumes of that site could not be committed and pushed."""
    place = commit_place(plan)
    if place is not None:
        checkout = _checkout(plan, place, site, clock)
        checkout.look()
        if checkout.remote is not None:
            checkout.remote.check()


def checkout_findings(plan: Plan, clock: Clock) -> Iterator[Finding]:
    """Why volumes could not be committed and pushed, at either site."""
    for site in plan.sites:
        try:
            check_commit_place(plan, site, clock)
        except DrError as error:
            remedy = error.next_step or "see the message"
            yield Finding("blocker", "CheckoutUnusable", error.on or "checkout", error.seen or str(error), remedy)
            return


def without_committed(existing: Existing, plan: str) -> Existing:
    """What a commit of the plan has not brought. The rest is what the next commit changes, however it differs."""

    def strange(items: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: item for key, item in items.items() if (item["metadata"].get("labels") or {}).get(COMMITTED) != plan
        }

    return Existing(strange(existing.volumes), strange(existing.claims))


def commit_volumes(session: Session, place: Mapping[str, Any], decisions: list[VolumeDecision]) -> dict[str, Any]:
    """Have the target's folder hold these volumes and no other of the plan, in one commit; what was done for it."""
    plan = session.plan.name
    checkout = _checkout(session.plan, place, session.target, session.clock)
    if session.check_mode:
        checkout.look()
        changes = file_changes(decisions, checkout.files(), plan)
        return _told(checkout, changes, commit="", pushed=False)
    stage, total = "volumes committed", len(decisions)
    session.progress.emit(stage, 0, total, waiting_for=f"git in {checkout.folder}")
    with checkout.held():
        changes = file_changes(decisions, checkout.files(), plan)
        session.verify_lock()
        checkout.write(changes.write, changes.remove)
        subject, body = _message(session, len(decisions), changes)
        checkout.commit(subject, body, [file_name(decision.claim) for decision in decisions])
        pushed = checkout.remote is not None and checkout.remote.push(session.verify_lock)
        session.progress.emit(stage, total, total)
        return _told(checkout, changes, checkout.head, pushed)


def await_committed(
    session: Session, place: Mapping[str, Any], decisions: list[VolumeDecision], timeout: float
) -> list[VolumeDecision]:
    """Wait until somebody has brought them and all are Bound; the decisions beside what is there.

    What is there and differs is refused at once. A volume whose claim is gone is bound anew by us: its claimRef is what
    no manifest can say.
    """
    settled: list[VolumeChange] = []
    expected = Capture("", {CLAIMS: [decision.pvc for decision in decisions]})

    def missing() -> list[str]:
        nonlocal settled
        existing = list_existing(session.api)
        settled = settle_all(decisions, existing, session.target)
        _bind_anew(session, [change for change in settled if change.patch is not None])
        absent = [f"PersistentVolume/{change.name}" for change in settled if change.volume is not None]
        return awaited(expected, Capture("", {CLAIMS: list(existing.claims.values())})) + absent

    folder = place["path"][session.target]
    what = Awaited(
        "volumes bound",
        len(decisions),
        by="the commit of volumes",
        wanted="every volume and claim of it there, and Bound",
        bring_it=f"have {folder} of the branch {place['branch']} applied at {session.target}: by the Application or "
        "Kustomization of the volumes, which must not be paused, or by `oc apply -f`",
    )
    await_brought(session, what, missing, timeout)
    return [change.decision for change in settled]


def _checkout(plan: Plan, place: Mapping[str, Any], site: str, clock: Clock) -> GitCheckout:
    return GitCheckout(place, site, ENDING, lambda text: is_ours(text, plan.name), clock)


def _bind_anew(session: Session, changes: list[VolumeChange]) -> None:
    def bind(change: VolumeChange) -> None:
        session.api.patch(PV, change.name, None, change.patch or {})

    outcome = for_each(changes, bind, before_batch=session.verify_lock)
    for _change, error in outcome.failed:
        # the PV controller works on it too: the next look tells
        if not isinstance(error, Conflict):
            raise error


def _message(session: Session, total: int, changes: FileChanges) -> tuple[str, str]:
    counts = f"{total} volumes, {len(changes.write)} written, {len(changes.remove)} removed"
    body = [f"Plan: {session.plan.name}", f"Run: {session.run.id}", f"Target: {session.target}", f"Files: {counts}"]
    return f"Volumes of plan {session.plan.name} at {session.target}", "\n".join(body)


def _told(checkout: GitCheckout, changes: FileChanges, commit: str, pushed: bool) -> dict[str, Any]:
    diff = [
        {
            "before_header": f"{checkout.path}/{name}",
            "after_header": f"{checkout.path}/{name}",
            "before": changes.before[name],
            "after": changes.write.get(name, ""),
        }
        for name in changes.names
    ]
    return {
        "changed": bool(changes.names or pushed),
        "commit": {"id": commit, "written": len(changes.write), "removed": len(changes.remove), "pushed": pushed},
        "diff": bounded(diff, DIFFS),
    }
