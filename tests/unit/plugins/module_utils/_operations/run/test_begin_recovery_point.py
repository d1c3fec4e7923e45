# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover from a recovery point: said, recorded, kept to when it is resumed, and never ignored."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import begin
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import MOVED, PLAN, TwoSites


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    return TwoSites(monkeypatch)


def begin_from(point: str) -> dict[str, object]:
    return begin.begin_run(PLAN, RunAsked("failover", "west", "east", "power is cut", recovery_point=point), False)


def test_a_failover_from_a_recovery_point_says_so_and_records_it(sites: TwoSites) -> None:
    begun = begin_from("old")
    assert begun["recovery_point"] == "old"
    assert str(begun["msg"]).endswith("from recovery point old: what was written later is set aside")
    head = RunStore(sites.apis["west"], PLAN.store_namespace).head(str(begun["run_id"]))  # type: ignore[arg-type]
    assert head is not None
    assert head["recovery_point"] == "old"


def test_p5_a_run_whose_capture_is_chosen_is_resumed_with_the_same_recovery_point_only(sites: TwoSites) -> None:
    begun = begin_from("typo")
    assert begin_from("old")["attempt"] == 2
    store = RunStore(sites.apis["west"], PLAN.store_namespace)  # type: ignore[arg-type]
    store.put(str(begun["run_id"]), PLAN.name, "capture", {"name": "c"})
    with pytest.raises(Refused, match="with dr_recovery_point=old"):
        begin_from("")
    assert begin_from("old")["attempt"] == 3


def test_a_recovery_point_asked_for_where_the_plan_lives_is_refused_and_not_ignored(sites: TwoSites) -> None:
    sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    sites.record(MOVED)
    with pytest.raises(Refused, match="primary there already, by run r-1"):
        begin_from("old")
    sites.record(replace(MOVED, recovery_point="old"))
    assert begin_from("old")["needed"] is False
