# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of a rehearsal: each claim on a copy, of the newest data or of a recovery point's clones."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal import copies
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal.copies import copy_volumes
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes import binding as volume_binding
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.rehearsal.rehearsal_world import (
    ROOT,
    RUN,
    SPACE,
    RehearsingSession,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.volumes.pv_controller import (
    BindingApi,
    Impatient,
    LiveWatch,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.cloned_capture import RULE, captured
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

AT_WEST = {"nfs.server": "198.51.100.10", "nfs.path": f"{ROOT}/{{match.volume}}"}
PLAN = plan_of(volumes={"rules": [{**RULE, "set": {**RULE["set"], "west": AT_WEST}}]})  # type: ignore[dict-item]
COPY = "rehearsal-payroll"


class West(BindingApi):
    """Its PV controller looks at everything whenever somebody pauses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.clock = replace(self.clock, sleep=lambda _seconds: self.controller.resync())
        self.session = RehearsingSession(self)
        self.session.put("capture", {"name": "c", "created": "2026-02-01T12:05:00+00:00"})
        self.create(NAMESPACE, {"kind": "Namespace", "metadata": {"name": SPACE}})
        self.writes.clear()
        source = SimpleNamespace(manifests=lambda _api, _name: captured("c", "old"))
        monkeypatch.setattr(copies, "Session", self.session)
        monkeypatch.setattr(copies, "source_of", lambda _plan: source)
        monkeypatch.setattr(volume_binding, "Watch", LiveWatch)
        monkeypatch.setattr(volume_binding, "threading", SimpleNamespace(Condition=Impatient))

    def copy(self, point: str | None, check_mode: bool = False) -> dict[str, Any]:
        self.session.run = replace(self.session.run, recovery_point=point)
        return copy_volumes(PLAN, RUN, 60, check_mode)

    def path_of(self, claim: str) -> str:
        """Where the data of a claim of the rehearsal is."""
        pvc = self.get(PVC, claim, SPACE)
        assert pvc["status"]["phase"] == "Bound"
        return str(self.get(PV, pvc["spec"]["volumeName"])["spec"]["nfs"]["path"])


@pytest.fixture
def west(monkeypatch: pytest.MonkeyPatch) -> West:
    return West(monkeypatch)


def test_without_a_recovery_point_each_claim_has_a_copy_of_its_newest_data(west: West) -> None:
    west.copy(None)
    assert (west.path_of("db-0"), west.path_of("db-0-old")) == (f"{COPY}/db-0", f"{COPY}/db-0-old")


def test_with_one_vms_find_copies_of_the_clones_under_the_names_that_they_know(west: West) -> None:
    west.copy("old")
    assert (west.path_of("db-0"), west.path_of("db-0-data")) == (f"{COPY}/db-0-old", f"{COPY}/db-0-data-old")


def test_and_copies_of_the_newest_data_in_claims_named_like_the_clones(west: West) -> None:
    west.copy("old")
    assert (west.path_of("db-0-old"), west.path_of("db-0-data-old")) == (f"{COPY}/db-0", f"{COPY}/db-0-data")


def test_p1_no_claim_of_it_names_what_the_plan_replicates(west: West) -> None:
    west.copy("old")
    paths = [pv["spec"]["nfs"]["path"] for pv in west.list(PV)]
    assert len(paths) == 4
    assert not [path for path in paths if path.startswith(ROOT)]


def test_p5_the_second_time_nothing_is_written(west: West) -> None:
    west.copy("old")
    west.session.plan = PLAN
    west.writes.clear()
    assert west.copy("old")["changed"] is False
    assert west.writes == []


def test_p9_check_mode_says_which_data_each_claim_gets_and_writes_nothing(west: West) -> None:
    told = {item["claim"]: item["reasons"] for item in west.copy("old", check_mode=True)["decisions"]}
    assert "data of recovery point old, 2026-02-01T12:00:00Z" in told["payroll/db-0"]
    assert "the newest copy of db-0, set aside" in told["payroll/db-0-old"]
    assert (west.writes, west.session.product.copies) == ([], set())


def test_p10_a_recovery_point_that_is_not_there_is_refused_with_those_that_are(west: West) -> None:
    with pytest.raises(Refused, match="seen: old"):
        west.copy("misspelt")
    assert west.writes == []
