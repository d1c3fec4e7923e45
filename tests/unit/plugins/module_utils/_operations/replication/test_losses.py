# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, silent
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.losses import before_switch, losses_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession

ARRIVED = datetime(2026, 3, 1, 11, 59, 50, tzinfo=UTC)
PROOF = {"group": "payroll", "holds": True, "compared": "sha256", "at": "2026-03-01T12:00:00Z", "volumes": 2}


def copies(role: str, last_sync: datetime | None = ARRIVED) -> list[GroupStatus]:
    return [GroupStatus("payroll", "west", role, "healthy", "incoming", last_sync)]  # type: ignore[arg-type]


# east gives no answer
SILENT = [silent("payroll", "east", "timed out")]


def test_a_forced_promotion_says_before_and_after_what_is_lost() -> None:
    session = MemorySession(MemoryApi())
    before = before_switch(session, "west", "primary", copies("secondary"), SILENT, forced=True)  # type: ignore[arg-type]
    assert before[0].startswith("payroll: what east wrote after 2026-03-01T11:59:50+00:00 is lost")
    # a promoted copy tells its last sync no more, and the next attempt promotes nothing
    before_switch(session, "west", "primary", copies("primary", None), SILENT, forced=True)  # type: ignore[arg-type]
    assert [loss["message"] for loss in losses_of(session)] == before  # type: ignore[arg-type]
    assert losses_of(session)[0]["seconds"] == 10.0  # type: ignore[arg-type]


def test_a_copy_that_tells_no_last_sync_is_judged_by_what_its_primary_said_before() -> None:
    session = MemorySession(MemoryApi())
    sync = {"primary": "east", "last_sync": ARRIVED.isoformat(), "seen_at": "2026-03-01T11:59:55+00:00"}
    RunStore(session.api, session.plan.store_namespace).put_syncs(session.plan.name, {"payroll": sync})
    (before,) = before_switch(session, "west", "primary", copies("secondary", None), SILENT, forced=True)  # type: ignore[arg-type]
    assert "until then all has: east said so at 2026-03-01T11:59:55+00:00" in before
    assert [loss["message"] for loss in losses_of(session)] == [before]  # type: ignore[arg-type]
    assert [(loss["exact"], loss["seconds"]) for loss in losses_of(session)] == [(False, 10.0)]  # type: ignore[arg-type]


def test_a_copy_that_may_go_back_further_says_the_same_after_its_promotion() -> None:
    session = MemorySession(MemoryApi())
    halves = [replace(copy, goes_back="a sync was cut off") for copy in copies("secondary")]
    (before,) = before_switch(session, "west", "primary", halves, SILENT, forced=True)  # type: ignore[arg-type]
    assert "no last sync is certain" in before
    assert [loss["message"] for loss in losses_of(session)] == [before]  # type: ignore[arg-type]


def test_p3_a_planned_promotion_says_that_nothing_is_lost() -> None:
    session = MemorySession(MemoryApi())
    session.put("sync", [PROOF])
    before_switch(session, "west", "primary", copies("secondary"), SILENT, forced=False)  # type: ignore[arg-type]
    assert [loss["nothing"] for loss in losses_of(session)] == [True]  # type: ignore[arg-type]


def test_p3_a_source_that_is_taken_back_invalidates_its_proofs() -> None:
    session = MemorySession(MemoryApi())
    session.put("sync", [PROOF])
    session.put("quiesce", {"proven_off": True, "site": "east"})
    before_switch(session, "east", "primary", copies("secondary"), SILENT, forced=False)  # type: ignore[arg-type]
    assert session.load("sync") == []
    assert session.load("quiesce")["proven_off"] is False


def test_other_switches_lose_nothing_and_record_nothing() -> None:
    session = MemorySession(MemoryApi())
    assert before_switch(session, "east", "secondary", copies("primary"), SILENT, forced=False) == []  # type: ignore[arg-type]
    assert session.record == {}


def test_a_run_from_a_recovery_point_loses_what_was_written_after_its_clones() -> None:
    session = MemorySession(MemoryApi())
    session.run = replace(session.run, recovery_point="old")
    session.put("capture", {"name": "c", "recovery_point": {"name": "old", "taken": "2026-03-01T11:00:00Z"}})
    (before,) = before_switch(session, "west", "primary", copies("secondary"), SILENT, forced=True)  # type: ignore[arg-type]
    assert before.startswith("payroll: VMs start from recovery point old of 2026-03-01T11:00:00Z; what was written")
    assert "set aside at west as far as it has arrived (payroll: what east wrote after 2026-03-01T11:59:50" in before
    (loss,) = losses_of(session)  # type: ignore[arg-type]
    assert (loss["last_sync"], loss["seconds"], loss["exact"]) == ("2026-03-01T11:00:00Z", 3600.0, True)


def test_clones_of_an_unknown_moment_give_no_figure() -> None:
    session = MemorySession(MemoryApi())
    session.run = replace(session.run, recovery_point="old")
    session.put("capture", {"name": "c", "recovery_point": {"name": "old", "taken": ""}})
    before_switch(session, "west", "primary", copies("secondary"), SILENT, forced=True)  # type: ignore[arg-type]
    (loss,) = losses_of(session)  # type: ignore[arg-type]
    assert (loss["last_sync"], loss["seconds"]) == (None, None)
