# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a failover could start from the newest recovery point, while there is time to make it possible."""

from __future__ import annotations

from collections.abc import Iterator

from ..._cluster.api import Api
from ..._cluster.kinds import PV, PVC, VM
from ..._errors import DrError
from ..._model.capture import Capture
from ..._model.finding import Finding
from ..._model.plan import Plan
from ..._planning.clones.choice import recovery_points
from ..._planning.guards.recovery import GUIDE
from ..._planning.restore.stage_removal import why_volume_stays
from ..._planning.volumes.patch import VolumeDecision
from ..capture.metadata_source import restores
from ..clones.retention import list_clones
from ..inventory.protected import Protected
from ..plan.groups import Groups
from ..volumes.changes import Existing, list_existing, settle
from ..volumes.stage import in_place
from ..volumes.volumes import decide


def recovery_findings(plan: Plan, groups: Groups, here: Api, found: Protected, there: Api | None) -> Iterator[Finding]:
    """Nothing where the plan takes no recovery points. here: where the plan lives."""
    if plan.snapshots is None or not restores(plan):
        return
    live = _as_captured(plan, here, found)
    point = next((item.name for item in recovery_points(plan.name, live) if not item.missing), "")
    if not point:
        return
    on, target = f"recovery point {point}", plan.peer_of(here.site)
    try:
        decisions = decide(plan, live, target, point)
        blocked = _blocked(plan, groups, decisions, list_existing(there), target) if there else []
    except DrError as error:
        remedy = error.next_step or "see the message"
        yield Finding("warning", "RecoveryPointBlocked", error.on or on, error.seen or str(error), remedy, target)
        return
    if blocked:
        more = f"; {len(blocked) - 1} more are in the way" if blocked[1:] else ""
        remedy = f"remove them as {GUIDE}#the-way-back says, while both sites are up"
        yield Finding("warning", "RecoveryPointBlocked", on, f"{blocked[0]}{more}", remedy, target)


def _as_captured(plan: Plan, here: Api, found: Protected) -> Capture:
    clones = [dict(clone.pvc) for clone in list_clones(plan, here) if clone.finished and not clone.removed]
    volumes = {item["metadata"]["name"]: item for item in here.list(PV)} if clones else {}
    claims = [item for item in (*found.claims.values(), *clones) if item["spec"].get("volumeName") in volumes]
    bound = [volumes[item["spec"]["volumeName"]] for item in claims]
    return Capture("live", {VM.resource: list(found.vms.values()), PVC.resource: claims, PV.resource: bound})


def _blocked(plan: Plan, groups: Groups, decisions: list[VolumeDecision], existing: Existing, target: str) -> list[str]:
    """Claims at the target that could not be exchanged, with the reason."""
    found = []
    for decision in decisions:
        try:
            settle(decision, existing, target)
        except DrError:
            pvc, pvs = in_place(decision, existing)
            namespace, _slash, name = decision.claim.partition("/")
            group = groups.of_claim(decision.pvc)
            needed = groups.provider(group).needed_by(group, target, (namespace, name)) if pvc else ""
            reasons = (why_volume_stays(pvc, pv, plan.name, target, (), needed) for pv in pvs or (None,))
            if why := next((reason for reason in reasons if reason), ""):
                found.append(f"PersistentVolumeClaim/{decision.claim} stands there with another volume: {why}")
    return found
