# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the world is still the one that was approved: a run given a fingerprint does not begin in another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..._cluster.api import Object
from ..._cluster.kinds import PV, PVC, SERVICE, VM
from ..._errors import Refused, TerminalState
from ..._model.capture import Capture
from ..._model.plan import Plan
from ..._model.run import CLEANUP, IN_PLACE, Run
from ..._model.run_asked import RunAsked
from ..._model.workload import captured_workloads
from ..._planning.run.picture import Picture, differences, differing_parts, take_picture
from ..capture.metadata_source import source_of
from ..inventory.protected import KINDS, Protected, list_protected
from ..inventory.vm_extras import EXTRA_KINDS
from .check_store import CheckStore
from .way import Way

# differences that a refusal lists
SHOWN = 30
TOPIC = "picture"


def approve(
    plan: Plan, asked: RunAsked, way: Way, run: Run, ahead: dict[str, Any], unfinished: Run | None, check_mode: bool
) -> tuple[Run, str]:
    """The run with the fingerprint that allowed it, and that of the world as it is, whose picture is kept.

    An attempt of a run that was approved goes on: it is that run itself which has changed the world since.
    """
    same = unfinished is not None and unfinished.operation == way.operation
    approved = asked.fingerprint or (run.approved if same else None) or None
    run = replace(run, approved=approved)
    resumed = unfinished is not None and same and unfinished.approved == asked.fingerprint
    if not check_mode and (resumed or not asked.fingerprint):
        return run, ""
    now = _picture(plan, asked, way, ahead)
    CheckStore().put(now.fingerprint, plan.name, TOPIC, now.as_dict())
    if asked.fingerprint and not resumed:
        _check(plan, way, asked.fingerprint, now)
    return run, now.fingerprint


def _check(plan: Plan, way: Way, approved: str, now: Picture) -> None:
    if now.fingerprint == approved:
        return
    kept = CheckStore().load(approved, TOPIC)
    seen = differences(Picture(**kept), now) if kept else []
    if seen:
        more = f"; and {len(seen) - SHOWN} more" if len(seen) > SHOWN else ""
        shown = f"{len(seen)} difference{'s' if len(seen) > 1 else ''}: {'; '.join(seen[:SHOWN])}{more}"
    else:
        shown = (
            f"{' and '.join(differing_parts(approved, now))} have changed; what of them, only the place knows where"
            " the run in check mode kept it"
        )
    raise Refused(
        "begin the run that was approved",
        on=f"plan {plan.name}, {way.operation} to {way.target}",
        seen=shown,
        wanted=f"what was approved as {approved}",
        next_step=f"look at the differences, and have the run approved anew: dr_fingerprint={now.fingerprint}",
    )


def _picture(plan: Plan, asked: RunAsked, way: Way, ahead: dict[str, Any]) -> Picture:
    return take_picture(_decisions(asked, way, ahead), plan.document, _objects(plan, way))


def _decisions(asked: RunAsked, way: Way, ahead: dict[str, Any]) -> dict[str, str]:
    """What stays as it is while nobody does anything: no time, no lag."""
    asked_for = {
        "dr_declare_lost": asked.declare_lost,
        "dr_waive_fencing": asked.waive_fencing,
        "dr_accept_loss": asked.accept_loss,
        "dr_recovery_point": asked.recovery_point,
        "dr_open_gates": ", ".join(asked.open_gates),
    }
    roles = {
        f"group {status.group} at {status.site}": f"{status.role}, {status.direction}"
        for status in (*way.copies, *way.sources)
    }
    return {
        "operation": way.operation,
        "way": f"{way.source} to {way.target}",
        f"API server of {way.source}": way.there.state,
        "steps": ", ".join(ahead["steps"]),
        "hooks": ", ".join(f"{moment}: {hook['tasks']}" for moment, hooks in ahead["hooks"].items() for hook in hooks),
        **{name: value for name, value in asked_for.items() if value},
        **roles,
    }


def _objects(plan: Plan, way: Way) -> list[tuple[str, Object]]:
    """Of a failover what its capture holds, as it is restored from that; else what is there where the plan lives."""
    if way.operation == "failover":
        capture = _newest_capture(plan, way)
        return _captured(plan, capture) if capture else []
    if way.operation == CLEANUP:
        return []
    at_target = way.operation in ("reprotect", *IN_PLACE)
    api = way.api if at_target else way.there.api
    return _live(list_protected(plan, api)) if api else []


def _newest_capture(plan: Plan, way: Way) -> Capture | None:
    source = source_of(plan)
    for info in source.catalog(way.api):
        if info.complete and info.site == way.source:
            try:
                return source.manifests(way.api, info.name)
            except TerminalState:
                continue
    return None


def _captured(plan: Plan, capture: Capture) -> list[tuple[str, Object]]:
    vms = capture.objects.get(VM.resource, ())
    found = [(VM.kind, dict(vm)) for vm in vms if plan.selector.matches(vm["metadata"].get("labels") or {})]
    found += [(item["kind"], dict(item)) for item in captured_workloads(capture, plan.selector).values()]
    for kind in (PVC, PV, SERVICE, *KINDS.values(), *EXTRA_KINDS):
        found += [(kind.kind, dict(item)) for item in capture.objects.get(kind.resource, ())]
    return found


def _live(seen: Protected) -> list[tuple[str, Object]]:
    found = [(VM.kind, vm) for vm in seen.vms.values()]
    found += [(PVC.kind, claim) for claim in seen.claims.values()]
    found += [(PV.kind, volume) for volume in seen.volumes.values()]
    found += [(item["kind"], item) for item in seen.workloads.selected.values()]
    return found + [(kind.kind, item) for (kind, _key), item in seen.others.items()]
