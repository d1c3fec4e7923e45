# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The capture of a failover from a recovery point; a source in memory stands for Velero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture, CaptureInfo
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, silent
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.capture import capture
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.cloned_capture import (
    DISKS,
    PROTECTED,
    RULE,
    captured,
    claim,
    volume,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

Choose = Callable[..., dict[str, Any]]
CAPTURED = datetime(2026, 3, 1, 11, tzinfo=UTC)
COPY = GroupStatus("payroll", "west", "secondary", "healthy", "incoming", CAPTURED)
LATE = replace(COPY, last_sync=CAPTURED - timedelta(seconds=1))
UNTOLD = replace(COPY, last_sync=None)


class Source:
    """captures: the newest first; all are of that moment."""

    title = "Velero"
    announces = False

    def __init__(self, captures: tuple[Capture, ...]) -> None:
        self.captures = {item.name: item for item in captures}

    def label(self, name: str) -> str:
        return f"Backup/openshift-adp/{name}"

    def await_catalog_sync(self, *_arguments: object) -> bool:
        return True

    def catalog(self, _api: object) -> list[CaptureInfo]:
        return [CaptureInfo(name, "east", CAPTURED.isoformat(), "Completed", True) for name in self.captures]

    def manifests(self, _api: object, name: str) -> Capture:
        return self.captures[name]


@pytest.fixture
def session() -> MemorySession:
    session = MemorySession(MemoryApi())
    session.run = replace(session.run, recovery_point="old")
    session.here, session.there = [COPY], [silent("payroll", "east", "timed out")]
    provider = SimpleNamespace(needed_by=lambda _group, _site, _claim: "")
    group = session.plan.groups[0]
    session.groups = SimpleNamespace(of_claim=lambda _pvc: group, provider=lambda _group: provider)  # type: ignore[attr-defined]
    return session


@pytest.fixture
def choose(session: MemorySession, monkeypatch: pytest.MonkeyPatch) -> Choose:
    def choose(*captures: Capture, check_mode: bool = False) -> dict[str, Any]:
        monkeypatch.setattr(capture, "Session", session)
        monkeypatch.setattr(capture, "source_of", lambda _plan: Source(captures))
        return capture.choose_capture(plan_of(volumes={"rules": [RULE]}), "r-1", check_mode)

    return choose


def test_the_first_capture_after_the_clones_is_nearest_to_them(choose: Choose) -> None:
    assert choose(captured("3", "old", "new"), captured("2", "old"), captured("1"))["name"] == "2"


def test_a_capture_that_was_taken_while_clones_were_made_is_passed_over(choose: Choose) -> None:
    early = captured("1", "old", cloned=DISKS[:1])
    assert choose(captured("2", "old"), early)["name"] == "2"


def test_clones_that_the_newest_capture_lacks_may_be_gone(choose: Choose) -> None:
    with pytest.raises(Refused, match="seen: new"):
        choose(captured("2", "new"), captured("1", "old"))


def test_a_disk_without_a_clone_is_refused_with_the_points_that_have_all(choose: Choose) -> None:
    newer = captured("2", "new")
    half = captured("2", "old", cloned=DISKS[:1])
    both = Capture("2", {key: [*half.objects[key], *newer.objects[key]] for key in newer.objects})
    with pytest.raises(Refused) as error:
        choose(both)
    assert error.value.seen == "no clone of payroll/db-0-data"
    assert "choose one that has all: new; or fail over to the newest copies" in str(error.value.next_step)


def test_a_rehearsal_of_it_is_refused_likewise_and_sent_to_no_failover(choose: Choose, session: MemorySession) -> None:
    session.run = replace(session.run, operation="test_failover")
    with pytest.raises(Refused) as error:
        choose(captured("2", "old", cloned=DISKS[:1]))
    assert error.value.next_step == "choose one that has all: there is none; or rehearse with the newest copies"


def test_p5_a_rerun_keeps_the_capture_of_its_earlier_attempt(choose: Choose) -> None:
    older = captured("1", "old")
    assert choose(older)["name"] == "1"
    assert choose(captured("2", "old"), older)["name"] == "1"


def test_it_is_said_what_the_vms_start_from(choose: Choose, session: MemorySession) -> None:
    (found,) = choose(captured("1", "old"))["findings"]
    assert found["code"] == "RecoveryPointTaken"
    assert "2 volumes as they were between 2026-02-01T12:00:00Z and 2026-02-01T12:00:00Z (2 frozen)" in found["message"]
    assert session.load("capture")["recovery_point"] == {"name": "old", "taken": "2026-02-01T12:00:00Z"}


def test_a_claim_of_pods_that_has_no_clone_is_named(choose: Choose) -> None:
    found = captured("1", "old")
    objects = {key: list(items) for key, items in found.objects.items()}
    objects["persistentvolumeclaims"].append(claim("files"))
    objects["persistentvolumes"].append(volume("files"))
    findings = choose(Capture("1", objects))["findings"]
    assert [item["on"] for item in findings if item["code"] == "NotInRecoveryPoint"] == [
        "PersistentVolumeClaim/payroll/files"
    ]


def stand_at_west(session: MemorySession, made_by: str = "") -> None:
    """The plan was at west before; made_by: the run that made its claim there."""
    for kind, body in ((PVC, claim("db-0")), (PV, volume("db-0"))):
        body["metadata"]["annotations"] = {"dr.ocpvirt.io/created-by-run": made_by} if made_by else {}
        body["metadata"]["labels"] = {PROTECTED: "true"}
        if kind is PV:
            body["spec"] |= {"nfs": {"server": "198.51.100.10", "path": "/dr/db-0"}}
            body["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
        session.api.create(kind, body)


def test_p8_a_claim_in_the_place_that_no_run_made_is_refused_while_nothing_is_stopped_yet(
    choose: Choose, session: MemorySession
) -> None:
    stand_at_west(session)
    with pytest.raises(Conflict) as error:
        choose(captured("1", "old"))
    assert error.value.on == "PersistentVolumeClaim/payroll/db-0"
    assert "docs/recovery_points.md#the-way-back" in str(error.value.next_step)


def test_one_of_an_earlier_stay_is_made_anew_by_the_volumes_step(choose: Choose, session: MemorySession) -> None:
    stand_at_west(session, "payroll-failover-west-20260101120000-ab12")
    assert choose(captured("1", "old"))["name"] == "1"


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("operation", ["failover", "test_failover"])
def test_clones_that_have_not_arrived_whole_are_refused_whatever_loss_is_accepted(
    choose: Choose, session: MemorySession, operation: str, check_mode: bool
) -> None:
    session.run = replace(session.run, operation=operation, recovery_point="new", accepted_loss="any")
    session.here = [LATE]
    with pytest.raises(Refused) as error:
        choose(captured("1", "old", "new"), check_mode=check_mode)
    assert "before its clones were whole: they were taken at 2026-02-02T12:00:00Z" in str(error.value.seen)
    assert "choose an older recovery point (old)" in str(error.value.next_step)


def test_p5_the_run_that_was_refused_may_choose_another_recovery_point(choose: Choose, session: MemorySession) -> None:
    """It is bound to a state by the capture that it keeps."""
    session.here = [LATE]
    with pytest.raises(Refused):
        choose(captured("1", "old"))
    assert session.load("capture") is None


def test_the_newest_copies_may_be_older_than_their_capture(choose: Choose, session: MemorySession) -> None:
    session.run, session.here = replace(session.run, recovery_point=None), [LATE]
    assert choose(captured("1", "old"))["name"] == "1"


def test_p5_an_attempt_that_was_allowed_is_not_refused_half_way(choose: Choose, session: MemorySession) -> None:
    """A group of which it has promoted a part tells what it likes."""
    choose(captured("1", "old"))
    session.here = [replace(LATE, role="unknown")]
    assert choose(captured("1", "old"))["name"] == "1"


def test_a_product_that_tells_no_moment_is_taken_at_its_word_and_that_is_said(
    choose: Choose, session: MemorySession
) -> None:
    session.here = [UNTOLD]
    assert "ClonesUnproven" in [item["code"] for item in choose(captured("1", "old"))["findings"]]


def test_what_its_primary_said_before_may_prove_them(choose: Choose, session: MemorySession) -> None:
    session.here = [UNTOLD]
    sync = {"primary": "east", "last_sync": CAPTURED.isoformat(), "seen_at": CAPTURED.isoformat()}
    RunStore(session.api, session.plan.store_namespace).put_syncs("payroll", {"payroll": sync})  # type: ignore[arg-type]
    assert [item["code"] for item in choose(captured("1", "old"))["findings"]] == ["RecoveryPointTaken"]


def test_p4_a_product_that_knows_groups_by_volumes_is_told_those_that_the_run_is_going_to_make(
    choose: Choose, session: MemorySession
) -> None:
    told: list[str] = []

    def expect(_site: str, volumes: list[Any]) -> None:
        told.extend(volume.claim for volume in volumes)
        session.here = [LATE]

    session.groups.expect = expect  # type: ignore[attr-defined]
    session.here = [replace(UNTOLD, role="unknown", present=False)]
    with pytest.raises(Refused, match="before its clones were whole"):
        choose(captured("1", "old"))
    assert told == ["payroll/db-0", "payroll/db-0-data", "payroll/db-0-data-old", "payroll/db-0-old"]
