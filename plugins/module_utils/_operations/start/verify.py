# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a start: what runs, with what, and what is left at the other site."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..._errors import Conflict, DrError
from ..._model.plan import Plan
from ..inventory.protected import list_vms, running_vmis
from ..inventory.workloads import list_workloads, workload_pods
from ..plan.sites import Reach
from ..rehearsal.place import is_rehearsal
from ..rehearsal.verify import verify_rehearsal
from ..run.session import Session
from ..volumes.volumes import recorded_decisions, verify_volumes


def verify_run(plan: Plan, run_id: str, check_mode: bool) -> dict[str, Any]:
    """Read the target back once more, and look for VMs and pods of the plan at the source."""
    if is_rehearsal(plan, run_id, check_mode):
        return verify_rehearsal(plan, run_id, check_mode)
    with Session(plan, run_id, check_mode) as session, session.step("verify") as summary:
        if check_mode:
            return {"changed": False, "volumes_verified": 0, "running": 0, "left_at_source": [], "msg": "check mode"}
        with ThreadPoolExecutor(max_workers=1) as pool:
            asked = pool.submit(session.reach_source)
            decisions = recorded_decisions(session)
            verify_volumes(session.api, plan, decisions, session.target)
            names = set(list_vms(plan, session.api))
            running = running_vmis(plan, session.api, names)
            left, message = _left_at_source(session, asked.result(), names)
        result = {
            "changed": False,
            "volumes_verified": len(decisions),
            "running": len(running),
            "left_at_source": left[:50],
            "msg": message,
        }
        summary.update(result)
        if left:
            raise Conflict(
                "verify the move",
                site=session.source,
                on=left[0],
                seen=message,
                wanted=f"none at {session.source}",
                next_step=f"stop them at {session.source} at once: their volumes are primary at {session.target}",
            )
        return result


def _left_at_source(session: Session, there: Reach, names: set[str]) -> tuple[list[str], str]:
    if there.api is None:
        return [], f"{session.source} is {there.state}: nothing is known of it"
    try:
        left = running_vmis(session.plan, there.api, names)
        pods = workload_pods(session.plan, there.api, list_workloads(session.plan, there.api).writers)
    except DrError as error:
        return [], f"{session.source} could not be read: {error}"
    shown = [f"VirtualMachineInstance/{key}" for key in left] + [f"Pod/{key}" for key in pods]
    also = f" and {len(pods)} pods of its workloads" if pods else ""
    return shown, f"{len(left)} VMs of the plan{also} are left at {session.source}"
