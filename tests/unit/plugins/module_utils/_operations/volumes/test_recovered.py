# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of a failover from a recovery point, at a target that has none of them, or some of an earlier stay."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import CREATED_BY
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes import binding as volume_binding
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes import volumes
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.volumes import decide, restore_volumes
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.volumes.pv_controller import (
    BindingApi,
    Impatient,
    Killed,
    LiveWatch,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.cloned_capture import RULE, captured
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemorySession, plan_of

RUN = "payroll-failover-west-20260301120000-ab12"
EARLIER = "payroll-failover-west-20260101120000-ab12"


def plan_with(**more: Any) -> Plan:
    return plan_of(**{"volumes": {"rules": [RULE]}, **more})


class West(BindingApi):
    """Its PV controller looks at everything whenever somebody pauses. needed_by: what of a product needs its claims."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.clock = replace(self.clock, sleep=lambda _seconds: self.controller.resync())
        self.needed_by = ""
        self.session = MemorySession(self, plan_with())
        self.session.put("capture", {"name": "c"})
        provider = SimpleNamespace(needed_by=lambda _group, _site, _claim: self.needed_by)
        self.session.groups = SimpleNamespace(  # type: ignore[attr-defined]
            check_covered=lambda _site, _pvc, _pv: None, of_claim=lambda _pvc: None, provider=lambda _group: provider
        )
        source = SimpleNamespace(manifests=lambda _api, _name: captured("c", "old"))
        monkeypatch.setattr(volumes, "Session", self.session)
        monkeypatch.setattr(volumes, "source_of", lambda _plan: source)
        monkeypatch.setattr(volumes, "close_latch_at_target", lambda _session: None)
        monkeypatch.setattr(volume_binding, "Watch", LiveWatch)
        monkeypatch.setattr(volume_binding, "threading", SimpleNamespace(Condition=Impatient))

    def make_volumes(self, point: str | None, run_id: str = RUN) -> dict[str, Any]:
        self.session.run = replace(self.session.run, id=run_id, recovery_point=point)
        self.writes.clear()
        return restore_volumes(self.session.plan, run_id, 60, False)

    def path_of(self, claim: str) -> str:
        """Where the data of a claim is."""
        pvc = self.get(PVC, claim, "payroll")
        assert pvc["status"]["phase"] == "Bound"
        return str(self.get(PV, pvc["spec"]["volumeName"])["spec"]["nfs"]["path"])


@pytest.fixture
def west(monkeypatch: pytest.MonkeyPatch) -> West:
    return West(monkeypatch)


def test_vms_find_the_data_of_the_clones_under_the_names_that_they_know(west: West) -> None:
    west.make_volumes("old")
    assert (west.path_of("db-0"), west.path_of("db-0-data")) == ("/dr/db-0-old", "/dr/db-0-data-old")


def test_the_newest_copies_are_set_aside_in_claims_named_like_the_clones(west: West) -> None:
    west.make_volumes("old")
    assert (west.path_of("db-0-old"), west.path_of("db-0-data-old")) == ("/dr/db-0", "/dr/db-0-data")


def test_p5_the_second_time_nothing_is_written(west: West) -> None:
    west.make_volumes("old")
    assert west.make_volumes("old")["changed"] is False
    assert west.writes == []


@pytest.mark.parametrize("writes", range(1, 13))
def test_p5_killed_anywhere_a_rerun_ends_like_an_undisturbed_run(west: West, writes: int) -> None:
    west.dies_after = writes
    with pytest.raises(Killed):
        west.make_volumes("old")
    west.dies_after = float("inf")
    west.make_volumes("old")
    assert (west.path_of("db-0"), west.path_of("db-0-old")) == ("/dr/db-0-old", "/dr/db-0")


def test_claims_of_an_earlier_stay_are_made_anew_and_their_data_stays(west: West) -> None:
    west.make_volumes(None, EARLIER)
    result = west.make_volumes("old")
    assert (west.path_of("db-0"), west.path_of("db-0-old")) == ("/dr/db-0-old", "/dr/db-0")
    reasons = next(item["reasons"] for item in result["decisions"] if item["claim"] == "payroll/db-0")
    assert reasons[-1].startswith("made anew, as it was outdated: ")


def test_p8_claims_that_the_replication_needs_are_refused(west: West) -> None:
    west.make_volumes(None, EARLIER)
    west.needed_by = "VolumeReplication/payroll/db-0"
    with pytest.raises(Conflict):
        west.make_volumes("old")
    assert west.writes == []


def test_p8_claims_that_somebody_else_made_are_refused(west: West) -> None:
    west.make_volumes(None, EARLIER)
    west.patch(PVC, "db-0", "payroll", {"metadata": {"annotations": {CREATED_BY: None}}})
    with pytest.raises(Conflict):
        west.make_volumes("old")
    assert west.writes == []


def test_p2_the_volumes_are_those_that_an_ordinary_failover_makes() -> None:
    plan, capture = plan_with(), captured("c", "old")
    paths = [
        {item.pv["metadata"]["name"]: item.pv["spec"]["nfs"] for item in decide(plan, capture, "west", point)}
        for point in (None, "old")
    ]
    assert paths[0] == paths[1]
    assert paths[1]["pv-db-0-old"] == {"server": "198.51.100.10", "path": "/dr/db-0-old"}


def test_each_decision_says_what_data_its_claim_gets() -> None:
    reasons = {item.claim: item.reasons[-1] for item in decide(plan_with(), captured("c", "old"), "west", "old")}
    assert reasons["payroll/db-0"] == "data of recovery point old, 2026-02-01T12:00:00Z"
    assert reasons["payroll/db-0-old"] == "the newest copy of db-0, set aside"


def test_nothing_populates_a_recovered_claim() -> None:
    for item in decide(plan_with(), captured("c", "old"), "west", "old"):
        assert "dataSource" not in item.pvc["spec"]


def test_p2_a_rule_by_the_name_of_the_claim_would_give_it_the_newest_copy_and_is_refused() -> None:
    west = {"nfs.server": "198.51.100.10", "nfs.path": "/dr/{pvc.name}"}
    rule = {**RULE, "set": {**RULE["set"], "west": west}}  # type: ignore[dict-item]
    with pytest.raises(Refused) as error:
        decide(plan_with(volumes={"rules": [rule]}), captured("c", "old"), "west", "old")
    assert "nfs.path" in str(error.value.seen)
    assert "{pv.name}" in str(error.value.next_step)


def test_a_recovery_point_that_the_capture_lacks_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(Refused, match="seen: new, old"):
        decide(plan_with(), captured("c", "old", "new"), "west", "older")
