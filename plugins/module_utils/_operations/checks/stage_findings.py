# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check finds of a stage: stale, incomplete, drifted, or not as quiet as it has to be."""

from __future__ import annotations

from collections.abc import Iterator

from ..._cluster.api import Api
from ..._cluster.kinds import VM
from ..._cluster.run_store import RunStore
from ..._errors import DrError
from ..._metadata.export_compare import compare_with_site
from ..._model.capture import Capture, CaptureInfo
from ..._model.finding import Finding
from ..._model.plan import Plan
from ..._model.run import Run
from ..._model.workload import workload_key
from ..._planning.restore.stage_record import last_refresh
from ..._planning.vm.change import decide_vm
from ..inventory.protected import key_of, list_vms, running_vmis
from ..inventory.remains import remains_at
from ..restore.restore import OURS, STAGED, halted_copies
from ..restore.workload_restore import decide_workloads
from ..stop.latch_closing import latch_is_closed
from ..volumes.changes import list_existing, settle
from ..volumes.stage import is_replaceable
from ..volumes.volumes import decide

REFRESH_IT = "run prestage"


def stage_findings(plan: Plan, api: Api, newest: CaptureInfo, content: Capture) -> Iterator[Finding]:
    """newest: the capture that a move would restore from, and its content. api: of the site where the plan is not."""
    try:
        yield from _quiet(plan, api)
        runs = [Run.from_dict(head) for head in RunStore(api, plan.store_namespace).heads(plan.name)]
        known = last_refresh(runs, api.site)
        if known is None:
            message = "no refresh has ended there since the plan was moved last"
            yield Finding("warning", "StageAbsent", f"Site/{api.site}", message, REFRESH_IT, api.site)
            return
        if known.capture != newest.name:
            message = f"it holds {known.capture} of {known.captured}, and {newest.name} is newer"
            yield Finding("warning", "StageStale", f"Site/{api.site}", message, REFRESH_IT, api.site)
        yield from _differences(plan, api, content)
    except DrError as error:
        # a name that is taken and the like has a finding of its own
        remedy = error.next_step or "see the message"
        yield Finding("warning", "StageUnknown", error.on or f"Site/{api.site}", str(error), remedy, api.site)


def _quiet(plan: Plan, api: Api) -> Iterator[Finding]:
    if not latch_is_closed(plan, api):
        message = "the latch is open where the plan does not live: somebody could start its VMs on copies"
        yield Finding(
            "blocker", "StageUnlatched", f"Site/{api.site}", message, f"{REFRESH_IT}, which closes it", api.site
        )
    for on in remains_at(plan, api):
        message = "it is there although the plan does not live there"
        yield Finding("blocker", "StageRunning", on, message, "stop it at this site", api.site)


def _differences(plan: Plan, api: Api, content: Capture) -> Iterator[Finding]:
    yield from _volumes(plan, api, content)
    existing = list_vms(plan, api)
    up = set(running_vmis(plan, api, set(existing)))
    for vm in halted_copies(plan, content, plan.peer_of(api.site), api.site, ""):
        key = key_of(vm)
        on = f"{VM.kind}/{key}"
        if key not in existing:
            yield _lacking(on, api)
        elif (change := decide_vm(vm, existing[key], "", plan.name, runs=key in up)).verb == "update":
            yield _drifted(on, change.why, api)
    for item in decide_workloads(plan, api, content, "").changes:
        if item.verb != "keep":
            on = workload_key(item.body)
            yield _lacking(on, api) if item.verb == "create" else _drifted(on, item.why, api)
    compared = compare_with_site(api, content, OURS, plan.name)
    for resource in sorted(compared.resources & STAGED):
        yield from (_lacking(on, api) for on in compared.absent.get(resource, ()))
        yield from (_drifted(text.partition(" ")[0], text, api) for text in compared.changed.get(resource, ()))


def _volumes(plan: Plan, api: Api, content: Capture) -> Iterator[Finding]:
    existing = list_existing(api)
    for decision in decide(plan, content, api.site):
        try:
            change = settle(decision, existing, api.site)
        except DrError as error:
            if is_replaceable(plan, decision, existing, api.site):
                yield _drifted(error.on or decision.claim, f"the next refresh makes it anew: {error.seen}", api)
            continue
        if change.claim is not None:
            yield _lacking(f"PersistentVolumeClaim/{decision.claim}", api)
        if change.volume is not None:
            yield _lacking(f"PersistentVolume/{change.name}", api)
        elif change.patch is not None:
            yield _drifted(f"PersistentVolume/{change.name}", "its binding differs", api)


def _lacking(on: str, api: Api) -> Finding:
    return Finding(
        "warning", "StageIncomplete", on, "the newest capture has it, and the stage not", REFRESH_IT, api.site
    )


def _drifted(on: str, message: str, api: Api) -> Finding:
    return Finding("warning", "StageDrifted", on, message, REFRESH_IT, api.site)
