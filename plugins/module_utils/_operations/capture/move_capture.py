# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The capture of a planned move: taken by the run while its VMs still work, and compared again once they are off."""

from __future__ import annotations

from typing import Any

from ..._errors import Refused
from ..._model.capture import CaptureInfo
from ..._model.plan import Plan
from ..._planning.capture.drift import drift
from ..entry import bounded
from ..inventory.protected import list_protected
from ..run.session import Session
from .capture import choose_capture, keep_capture, take_capture
from .metadata_source import chosen_capture, makes_volumes, source_of


def capture_for_move(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Take a capture at the source and wait until the target knows it; an earlier attempt's one is kept.

    Check mode takes none: the newest complete one stands for it.
    """
    if check_mode:
        return choose_capture(plan, run_id, check_mode)
    with Session(plan, run_id) as session, session.step("capture") as summary:
        earlier = session.load("capture")
        known = {info.name: info for info in source_of(plan).catalog(session.api) if info.complete}
        if earlier and earlier["name"] in known:
            found, vms, findings = known[earlier["name"]], len(earlier["vms"]), []
        else:
            session.verify_lock()
            session.progress.emit("capture", 0, 1, waiting_for=f"a capture of {session.source}")
            found, vms, findings = _taken(session, timeout)
        session.progress.emit("capture", 1, 1)
        result = {"name": found.name, "created": found.created, "vms": vms, "findings": findings}
        summary.update(result)
        return {"changed": found.name not in known, **result}


def recheck_capture(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """Compare the capture with the stopped source. What changed meanwhile makes a new one necessary.

    The new one holds the VMs as halted, with the power state of before written on each.
    """
    with Session(plan, run_id, check_mode) as session, session.step("recheck") as summary:
        name = chosen_capture(session)
        if check_mode:
            msg = "check mode: nothing was stopped"
            return {"changed": False, "name": name, "drift": [], "findings": [], "msg": msg}
        found = list_protected(plan, session.site_api(session.source))
        source, workloads = source_of(plan), found.workloads.selected
        captured = source.manifests(session.api, name)
        others = found.others if source.holds_content else {}
        changes = drift(captured, found.vms, found.claims, found.volumes, others, workloads, plan.selector)
        msg = f"{name} holds what is at {session.source}"
        findings: list[dict[str, Any]] = []
        if changes and _is_taken_along(session):
            msg, changes = f"{name} stays: what is gone from {session.source} went with the volumes", []
        if changes:
            session.verify_lock()
            session.progress.emit("recheck", 0, 1, waiting_for=f"a new capture: {changes[0]}")
            info, _vms, findings = _taken(session, timeout)
            msg = f"{info.name} replaces {name}: {changes[0]}" + (
                f" and {len(changes) - 1} more" if changes[1:] else ""
            )
            name = info.name
        session.progress.emit("recheck", 1, 1)
        summary.update({"name": name, "drift": changes[:20], "findings": findings})
        return {"changed": bool(changes), "name": name, "drift": bounded(changes), "findings": findings, "msg": msg}


def _is_taken_along(session: Session) -> bool:
    """Whether an earlier attempt has begun the switch of a product that takes manifests along, and so away."""
    if makes_volumes(session.plan) or session.run.attempt == 1:
        return False
    _here, there = session.observe_groups()
    return any(status.role != "primary" for status in there)


def _taken(session: Session, timeout: float) -> tuple[CaptureInfo, int, list[dict[str, Any]]]:
    """A new capture that the target knows, kept for the run, the number of its VMs, and what was found of it."""
    plan, source = session.plan, source_of(session.plan)
    taken = take_capture(plan, session.source, timeout, False)
    infos = [info for info in source.catalog(session.api) if info.name == taken["name"]]
    if not infos:
        raise Refused(
            "take a capture for the move",
            site=session.target,
            on=source.label(taken["name"]),
            seen="; ".join(finding["message"] for finding in taken["findings"]) or "the target does not know it",
            wanted="a capture that the target can restore from",
            next_step=f"bring {source.title} in order, as {session.target} sees it, then start again",
        )
    vms, _unproven = keep_capture(session, infos[0], source.manifests(session.api, infos[0].name))
    return infos[0], vms, taken["findings"]
