# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a rehearsal and its removal begin, and that they stand in nobody's way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import rehearsal_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import admission
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.begin import begin_run
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Capabilities
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.rehearsal.rehearsal_world import (
    CopyingProvider,
    Replicated,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import PLAN, TwoSites
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

REHEARSED = Run("r-0", "payroll", "test_failover", "east", "west", "f00d", "2026-03-01T10:00:00+00:00", state="done")


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch) -> CopyingProvider:
    found = CopyingProvider()
    monkeypatch.setattr(admission, "Groups", lambda plan: Replicated(plan, found))
    return found


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch, product: CopyingProvider) -> TwoSites:
    assert product.capabilities.clones
    return TwoSites(monkeypatch)


def test_a_rehearsal_takes_place_where_the_plan_does_not_live_and_changes_no_phase(sites: TwoSites) -> None:
    begun = sites.begin("test_failover")
    assert (begun["needed"], begun["source"], begun["target"], begun["phase_after"]) == (True, "east", "west", "")
    assert not begun["gitops"]


def test_p1_a_rehearsal_where_the_plan_lives_is_refused(sites: TwoSites) -> None:
    with pytest.raises(Refused, match="rehearse"):
        sites.begin("test_failover", "east")


def test_a_rehearsal_needs_production_to_answer(sites: TwoSites) -> None:
    sites.unreachable.add("east")
    with pytest.raises(Refused, match="wanted: both sites"):
        sites.begin("test_failover", "west")


def test_p6_a_failover_takes_the_lock_of_a_rehearsal_that_still_runs(sites: TwoSites) -> None:
    sites.begin("test_failover")
    begun = sites.begin("failover", "west", lost="east", accept="any")
    holder = PlanLock(sites.apis["west"], PLAN.store_namespace, PLAN.name).holder()  # type: ignore[arg-type]
    assert holder
    assert holder.run_id == begun["run_id"]


def test_p5_the_same_command_resumes_a_rehearsal_that_was_killed(sites: TwoSites) -> None:
    first = sites.begin("test_failover")
    again = sites.begin("test_failover")
    assert (again["run_id"], again["attempt"]) == (first["run_id"], 2)


def begin_from(point: str) -> dict[str, Any]:
    return begin_run(PLAN, RunAsked("test_failover", recovery_point=point), False)


def test_a_rehearsal_from_a_recovery_point_says_so_and_sets_nothing_aside(sites: TwoSites) -> None:
    begun = begin_from("old")
    assert begun["recovery_point"] == "old"
    assert begun["msg"].endswith("from recovery point old")


def test_p5_one_that_chose_its_capture_is_resumed_with_the_same_recovery_point_only(sites: TwoSites) -> None:
    begun = begin_from("typo")
    assert begin_from("old")["attempt"] == 2
    store = RunStore(sites.apis["west"], PLAN.store_namespace)  # type: ignore[arg-type]
    store.put(begun["run_id"], PLAN.name, "capture", {"name": "c"})
    for other in ("new", ""):
        with pytest.raises(Refused, match="with dr_recovery_point=old, or take it away by test_cleanup"):
            begin_from(other)
    assert begin_from("old")["attempt"] == 3


def test_p5_after_a_cleanup_a_rehearsal_begins_anew(sites: TwoSites) -> None:
    sites.record(replace(REHEARSED, state="failed"))
    sites.record(replace(REHEARSED, id="r-1", operation="test_cleanup", started="2026-03-01T11:00:00+00:00"))
    begun = sites.begin("test_failover")
    assert (begun["run_id"] != "r-0", begun["attempt"]) == (True, 1)


def test_a_rehearsal_beside_one_that_stands_is_refused(sites: TwoSites) -> None:
    meta = {"name": "payroll-rehearsal", "labels": {rehearsal_label("payroll"): "true"}}
    sites.apis["west"].create(NAMESPACE, {"kind": "Namespace", "metadata": meta})
    with pytest.raises(Refused, match="run test_cleanup"):
        sites.begin("test_failover")


def test_a_rehearsal_is_refused_while_a_move_is_not_finished(sites: TwoSites) -> None:
    sites.record(replace(REHEARSED, operation="relocate", state="failed"))
    with pytest.raises(Refused, match="run relocate with dr_target=west again"):
        sites.begin("test_failover")


def test_a_product_that_cannot_copy_is_told_before_anything_is_made(sites: TwoSites, product: CopyingProvider) -> None:
    product.capabilities = Capabilities()  # type: ignore[misc]
    with pytest.raises(Unsupported, match="provider copying cannot copy a secondary"):
        sites.begin("test_failover")
    assert sites.apis["west"].writes == []


def test_manifests_that_somebody_else_brings_cannot_be_rehearsed(sites: TwoSites) -> None:
    with pytest.raises(Unsupported, match="oadp or export"):
        sites.begin("test_failover", plan=plan_of(metadata={"source": "gitops"}))


def test_p4_a_cleanup_needs_only_the_site_of_the_rehearsal(sites: TwoSites) -> None:
    sites.record(REHEARSED)
    sites.unreachable.add("east")
    sites.states["east"] = ("unknown", "none")
    assert sites.begin("test_cleanup")["target"] == "west"


def test_a_cleanup_finds_the_rehearsal_where_the_plan_lives_by_now(sites: TwoSites) -> None:
    sites.record(REHEARSED)
    sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    assert sites.begin("test_cleanup")["target"] == "west"


def test_no_failover_waits_for_a_rehearsal_to_be_finished(sites: TwoSites) -> None:
    sites.record(replace(REHEARSED, state="failed"))
    assert sites.begin("failover", "west", lost="east", accept="any")["needed"]
