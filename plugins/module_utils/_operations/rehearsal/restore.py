# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rehearsal restores beside its volumes: what VMs need, then VMs and workloads, off, by us."""

from __future__ import annotations

from typing import Any

from ..._cluster.clock import Deadline
from ..._metadata.export_restore import Rules, restore_objects
from ..._model.plan import Plan
from ..._model.workload import workload_key
from ..._planning.rehearsal.objects import NEEDED, VMS, rehearsed
from ..._planning.vm.change import decide_vm
from ..capture.metadata_source import chosen_capture, source_of
from ..entry import bounded
from ..inventory.protected import key_of, list_vms
from ..restore.restore import halted, write_vms
from ..restore.workload_restore import decide_workloads, write_workloads
from ..run.session import Session
from .place import enter


def restore_apart(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    with Session(plan, run_id, check_mode) as session, session.step("metadata") as summary:
        result = _restore(session, timeout)
        summary.update({key: value for key, value in result.items() if key not in ("changed", "decisions")})
        return result


def _restore(session: Session, timeout: float) -> dict[str, Any]:
    plan, run_id = session.plan, session.run.id
    found = rehearsed(source_of(plan).manifests(session.api, chosen_capture(session)), plan)
    enter(session)
    capture = found.capture
    existing = list_vms(session.plan, session.api)
    wanted = [halted(vm, run_id) for vm in capture.objects[VMS]]
    changes = [decide_vm(vm, existing.get(key_of(vm)), run_id, plan.name) for vm in wanted]
    workloads = decide_workloads(session.plan, session.api, capture, run_id)
    counts = {"items": 0, "warnings": 0, "errors": 0}
    # of the rehearsal from here on: what starts, and what its record tells of
    keys = {"vms": [key_of(vm) for vm in wanted], "workloads": [workload_key(item.body) for item in workloads.changes]}
    session.put("capture", {**(session.load("capture") or {}), **keys})
    todo = [change for change in changes if change.verb != "keep"]
    if not session.check_mode:
        session.verify_lock()
        exclude = sorted(set(capture.objects) - set(NEEDED))
        rules = Rules(plan.name, run_id, update=False, verify_lock=session.verify_lock)
        counts = restore_objects(session.api, capture, exclude, Deadline(session.clock, timeout), rules)
        write_vms(session, todo)
        write_workloads(session, workloads.todo)
    session.progress.emit("metadata", len(wanted), len(wanted))
    return {
        "changed": bool(todo or workloads.todo or counts["items"]),
        "restored": counts,
        "vms": len(wanted),
        "vms_created": len(todo),
        "vms_updated": 0,
        "workloads": len(workloads.changes),
        "workloads_created": workloads.count("create"),
        "workloads_updated": 0,
        "decisions": bounded([*found.decisions, *workloads.decisions]),
    }
