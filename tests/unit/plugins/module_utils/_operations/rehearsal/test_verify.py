# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NETWORK_POLICY, PV
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal import verify
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal.verify import verify_rehearsal
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.isolation import policies
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.verdict import seen_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.report.recovery import START
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.rehearsal.rehearsal_world import (
    PLAN,
    ROOT,
    RUN,
    SPACE,
    RehearsingSession,
    pv_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COPY = GroupStatus("payroll", "west", "secondary", "healthy", "incoming", NOON)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> RehearsingSession:
    """One VM is ready on its copy, and newer data arrived meanwhile."""
    found = RehearsingSession(MemoryApi())
    found.put("rehearsal", {"groups": seen_of([COPY, *found.there]), "taken": {"payroll": NOON.isoformat()}})
    found.here = [replace(COPY, last_sync=NOON + timedelta(seconds=5))]
    found.put(START, {"started": {f"{SPACE}/db-0": [0.0, 4.5]}, "failed": {}})
    found.put("capture", {"name": "c-1"})
    for policy in policies(SPACE, "payroll"):
        found.api.create(NETWORK_POLICY, policy)
    monkeypatch.setattr(verify, "Session", found)
    monkeypatch.setattr(verify, "verify_volumes", lambda *_arguments: None)
    return found


def judged() -> dict[str, Any]:
    found: dict[str, Any] = verify_rehearsal(PLAN, RUN, False)["rehearsal"]
    return found


def test_a_rehearsal_that_nobody_noticed_passes_and_says_what_went_on(session: RehearsingSession) -> None:
    assert judged() == {
        "verdict": "passed",
        "reasons": [],
        "capture": "c-1",
        "recovery_point": {},
        "started": 1,
        "longest_start": 4.5,
        "groups_gone_on": ["payroll"],
    }


def test_one_from_a_recovery_point_says_which_and_how_old_it_was(session: RehearsingSession) -> None:
    session.put("capture", {"name": "c-1", "recovery_point": {"name": "old", "taken": "2026-03-01T09:30:00Z"}})
    session.run = replace(session.run, started=NOON.isoformat())
    told = verify_rehearsal(PLAN, RUN, False)
    assert told["rehearsal"]["recovery_point"] == {
        "name": "old",
        "taken": "2026-03-01T09:30:00Z",
        "age_seconds": 9000.0,
    }
    assert told["msg"].startswith("the rehearsal passed, from recovery point old, 2 h 30 min old when it began: ")
    assert session.summary["recovery_point"]["name"] == "old"


def test_the_record_keeps_how_long_each_vm_took_and_both_observations(session: RehearsingSession) -> None:
    judged()
    record = session.load("rehearsal")
    assert record["start_seconds"] == {f"{SPACE}/db-0": 4.5}
    assert {"groups", "after", "taken"} <= record.keys()
    assert session.summary["verdict"] == "passed"


def test_a_group_that_was_promoted_meanwhile_fails_it(session: RehearsingSession) -> None:
    session.here = [replace(COPY, role="primary")]
    assert judged()["verdict"] == "failed"


def test_p1_a_claim_on_what_the_plan_replicates_fails_it(session: RehearsingSession) -> None:
    session.api.create(PV, pv_of("db-0", f"{ROOT}/db-0"))
    assert "group payroll replicates it" in judged()["reasons"][0]


def test_a_policy_that_somebody_took_away_fails_it(session: RehearsingSession) -> None:
    session.api.delete(NETWORK_POLICY, "dr-rehearsal-deny-all", SPACE)
    assert judged()["verdict"] == "failed"


def test_what_failed_to_start_is_named(session: RehearsingSession) -> None:
    session.put(START, {"started": {}, "failed": {f"{SPACE}/db-0": "timed out"}})
    assert judged()["reasons"] == [f"{SPACE}/db-0: timed out"]


def test_what_was_not_begun_fails_it_too(session: RehearsingSession) -> None:
    session.run = session.run.with_step("start", StepRecord("done", 1, "", "", {"left": 2}))
    assert judged()["reasons"] == ["2 VMs and workloads were not begun"]
