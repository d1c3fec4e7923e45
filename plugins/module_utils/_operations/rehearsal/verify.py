# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict over a rehearsal: what started and how fast, and whether production noticed."""

from __future__ import annotations

from typing import Any

from ..._model.plan import Plan
from ..._planning.rehearsal.point import in_words, tried_point
from ..._planning.rehearsal.verdict import disturbed, seen_of, start_times, verdict, went_on
from ..._planning.report.document import REHEARSED
from ..._planning.report.recovery import START
from ..inventory.protected import list_vms, running_vmis
from ..run.session import Session
from ..volumes.volumes import recorded_decisions, verify_volumes
from .guard import of_production
from .isolation import open_points
from .place import enter


def verify_rehearsal(plan: Plan, run_id: str, check_mode: bool) -> dict[str, Any]:
    """A failed one fails nothing here: it is recorded first."""
    with Session(plan, run_id, check_mode) as session, session.step("verify") as summary:
        if check_mode:
            return {"changed": False, "volumes_verified": 0, "running": 0, "left_at_source": [], "msg": "check mode"}
        enter(session)
        decisions = recorded_decisions(session)
        verify_volumes(session.api, session.plan, decisions, session.target)
        running = running_vmis(session.plan, session.api, set(list_vms(session.plan, session.api)))
        found = _judge(session)
        summary.update({"volumes_verified": len(decisions), "running": len(running), **found})
        return {
            "changed": False,
            "volumes_verified": len(decisions),
            "running": len(running),
            "left_at_source": [],
            "rehearsal": found,
            "msg": _told(found),
        }


def _judge(session: Session) -> dict[str, Any]:
    record, start = session.load(REHEARSED) or {}, session.load(START) or {}
    here, there = session.observe_groups()
    before, after = record.get("groups", []), seen_of([*here, *there])
    wrong = [*disturbed(before, after), *of_production(session), *open_points(session)]
    failed = dict(start.get("failed", {}))
    step = session.run.steps.get("start")
    left = (step.summary if step else {}).get("left", 0)
    if left > len(failed):
        wrong.append(f"{left - len(failed)} VMs and workloads were not begun")
    times = start_times(start)
    capture = session.load("capture") or {}
    point = tried_point(capture.get("recovery_point"), session.run.started)
    found = verdict(times, failed, wrong, (capture.get("name", ""), point), went_on(before, after))
    session.put(REHEARSED, {**record, "after": after, "start_seconds": times, **found})
    return found


def _told(found: dict[str, Any]) -> str:
    tried = in_words(found["recovery_point"])
    if found["verdict"] == "failed":
        return f"the rehearsal failed{tried}: {'; '.join(found['reasons'][:5])}"
    longest = f", the slowest in {found['longest_start']:.0f} s" if found["longest_start"] is not None else ""
    return f"the rehearsal passed{tried}: {found['started']} started{longest}; replication went on untouched"
