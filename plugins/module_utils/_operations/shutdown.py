# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping a plan's VMs at a site: graceful, recorded on each VM, proven off (P3, P7)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.bulk import for_each
from .._cluster.clock import Deadline
from .._cluster.kinds import POD, PVC, VM, VMI, VOLUME_ATTACHMENT
from .._cluster.watching import Watch
from .._errors import DrError, Timeout, Unreachable
from .._model.names import RECORDED
from .._model.plan import Plan
from .._model.vm import claim_names, power_record
from .latch_control import close_latch
from .protected import key_of, list_vms
from .session import Session
from .sites import reach

VM_NAME_LABEL = "vm.kubevirt.io/name"


def stop_vms(plan: Plan, run_id: str, site: str, timeout: int, best_effort: bool, check_mode: bool) -> dict[str, Any]:
    """Halt every VM of the plan at a site and prove that nothing of them is left there.

    best_effort: for a source that was declared lost; no answer, or VMs that do not stop in time, are recorded and
    the run goes on without the proof.
    """
    with Session(plan, run_id, check_mode) as session, session.step("quiesce") as summary:
        try:
            result = _stop(session, _api(session, site), timeout, best_effort)
        except DrError as error:
            if not best_effort:
                raise
            result = {"changed": False, "proven_off": False, "stopped": 0, "msg": f"not proven off: {error}"}
        session.put("quiesce", {"proven_off": result["proven_off"], "site": site})
        summary.update(result)
        return result


def _api(session: Session, site: str) -> Api:
    there = session.reach_source() if site == session.source else reach(session.plan, site)
    if there.api is None:
        raise Unreachable("stop the VMs", site=site, seen=there.message, next_step="a planned move needs both sites")
    return there.api


def _stop(session: Session, api: Api, timeout: int, best_effort: bool) -> dict[str, Any]:
    vms = list_vms(session.plan, api)
    close_latch(session, api, set(vms))
    running = [vm for vm in vms.values() if not _is_halted(vm)]
    if session.check_mode:
        return {"changed": bool(running), "proven_off": False, "stopped": len(running), "msg": "check mode"}
    outcome = for_each(running, lambda vm: _halt(api, vm), before_batch=session.verify_lock)
    for _vm, error in outcome.failed:
        if not best_effort:
            raise error
    _await_gone(session, api, set(vms), timeout)
    left = remains(session.plan, api, vms)
    if left and not best_effort:
        raise Timeout(
            "stop the VMs",
            site=api.site,
            on=left[0],
            seen=f"{len(left)} are left: {', '.join(left[:5])}",
            wanted="no VMI, launcher pod or VolumeAttachment of the plan",
            waited=float(timeout),
            next_step="look at these; a node that is down keeps them: see docs/quiesce.md",
        )
    message = f"{len(running)} VMs halted at {api.site}" + (f", not proven off: {', '.join(left[:3])}" if left else "")
    return {"changed": bool(running), "proven_off": not left, "stopped": len(running), "msg": message}


def remains(plan: Plan, api: Api, vms: Mapping[str, Object]) -> list[str]:
    """What of the plan's VMs could still write: VMIs, launcher, migration and hotplug pods, VolumeAttachments."""
    found = [
        f"VirtualMachineInstance/{key_of(item)}"
        for namespace in plan.namespaces
        for item in api.list(VMI, namespace)
        if key_of(item) in vms
    ]
    for namespace in plan.namespaces:
        for pod in api.list(POD, namespace):
            if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
                continue
            name = (pod["metadata"].get("labels") or {}).get(VM_NAME_LABEL)
            claims = {
                v["persistentVolumeClaim"]["claimName"]
                for v in pod["spec"].get("volumes", [])
                if "persistentVolumeClaim" in v
            }
            uses = any(claims & set(claim_names(vm)) for key, vm in vms.items() if key.startswith(f"{namespace}/"))
            if f"{namespace}/{name}" in vms or uses:
                found.append(f"Pod/{key_of(pod)}")
    return found + _attachments(plan, api, vms)


def _attachments(plan: Plan, api: Api, vms: Mapping[str, Object]) -> list[str]:
    claims = {f"{vm['metadata']['namespace']}/{name}" for vm in vms.values() for name in claim_names(vm)}
    volumes = {
        item["spec"].get("volumeName")
        for namespace in plan.namespaces
        for item in api.list(PVC, namespace)
        if key_of(item) in claims
    }
    return [
        f"VolumeAttachment/{item['metadata']['name']}"
        for item in api.list(VOLUME_ATTACHMENT)
        if item["spec"].get("source", {}).get("persistentVolumeName") in volumes
    ]


def _halt(api: Api, vm: Object) -> None:
    """Off by its own strategy, with what it was written on it first in the same patch."""
    body: Object = {"spec": {"running": False} if "running" in vm["spec"] else {"runStrategy": "Halted"}}
    body["metadata"] = {
        "annotations": {RECORDED: power_record(vm).as_annotation()},
        "resourceVersion": vm["metadata"]["resourceVersion"],
    }
    api.patch(VM, vm["metadata"]["name"], vm["metadata"]["namespace"], body)


def _is_halted(vm: Mapping[str, Any]) -> bool:
    return RECORDED in (vm["metadata"].get("annotations") or {}) and (
        vm["spec"].get("runStrategy") == "Halted" or vm["spec"].get("running") is False
    )


def _await_gone(session: Session, api: Api, keys: set[str], timeout: int) -> None:
    wake = threading.Condition()
    watch = Watch(api, VMI, session.plan.namespaces, wake, keep=lambda _item: True)
    deadline = Deadline(session.clock, timeout)
    watch.start()
    try:
        with wake:
            while True:
                left = sorted({f"{namespace}/{name}" for namespace, name in watch.objects} & keys)
                session.progress.emit("quiesce", len(keys) - len(left), len(keys), waiting_for=", ".join(left[:3]))
                if (watch.listed and not left) or deadline.over:
                    return
                wake.wait(min(2.0, deadline.left + 0.01))
    finally:
        watch.stop()
