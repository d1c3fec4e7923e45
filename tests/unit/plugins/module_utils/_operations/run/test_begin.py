# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import DURATION, POLL, PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import asking
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import DECLARED_TIMEOUT, Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import begin
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import (
    ARRIVED,
    MOVED,
    PLAN,
    TwoSites,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of


@pytest.fixture
def both_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    """East was lost, the plan was moved to west with a fence debt, and east came back as it was."""
    apis = {name: MemoryApi(name) for name in PLAN.sites}
    indebted = replace(MOVED, fence_debt="its VMs were not observed to be off")
    for api in apis.values():
        RunStore(api, PLAN.store_namespace).put_head(MOVED.id, PLAN.name, indebted.as_dict())

    class BothPrimary:
        def __init__(self, _plan: Plan) -> None:
            pass

        def hear(self, _site: str, _answer: object) -> None:
            pass

        def observe(self, sites: tuple[str, ...]) -> dict[str, list[GroupStatus]]:
            return {site: [GroupStatus("payroll", site, "primary", "healthy", "none")] for site in sites}

    monkeypatch.setattr(
        asking, "reach", lambda _plan, name, *_patience, **_more: Reach(name, "reachable", api=apis[name])
    )
    monkeypatch.setattr(asking, "Groups", BothPrimary)


@pytest.mark.usefixtures("both_primary")
def test_p1_a_returned_primary_with_a_fence_debt_is_refused_as_a_target() -> None:
    with pytest.raises(Refused, match="fence debt"):
        begin.begin_run(PLAN, RunAsked("failover", "east"), False)


@pytest.mark.usefixtures("both_primary")
def test_the_site_that_the_plan_was_moved_to_stays_a_no_op() -> None:
    assert begin.begin_run(PLAN, RunAsked("failover", "west"), False)["needed"] is False


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    return TwoSites(monkeypatch)


def test_a_planned_move_takes_both_locks_and_loses_nothing(sites: TwoSites) -> None:
    begun = sites.begin("relocate", "west")
    assert (begun["source"], begun["target"], begun["losses"], begun["phase_after"]) == (
        "east",
        "west",
        [],
        "failback_prep",
    )
    for api in sites.apis.values():
        holder = PlanLock(api, PLAN.store_namespace, PLAN.name).holder()  # type: ignore[arg-type]
        assert holder is not None
        assert holder.run_id == begun["run_id"]


def test_a_run_says_whether_something_syncs_the_plan_from_git(sites: TwoSites) -> None:
    assert sites.begin("relocate", "east")["gitops"] is False
    metadata = {"source": "gitops", "gitops": {"applications": {"east": [], "west": ["argocd/payroll"]}}}
    assert sites.begin("relocate", "west", plan=plan_of(metadata=metadata))["gitops"] is True


FROM_GIT = {"source": "gitops", "gitops": {"applications": {"east": [], "west": ["argocd/payroll"]}}}
WAS_THERE = replace(MOVED, operation="relocate")
STAGED = replace(MOVED, operation="prestage")


@pytest.mark.parametrize(
    ("metadata", "before", "said"),
    [
        ({"source": "oadp"}, WAS_THERE, "; of objects that west has already, what east's capture says wins"),
        ({"source": "oadp"}, STAGED, "; of objects that west has already, what east's capture says wins"),
        ({"source": "vendor"}, WAS_THERE, ""),
        # its first move: west has nothing of it
        ({"source": "oadp"}, None, ""),
        ({"source": "oadp"}, replace(MOVED, operation="test_failover"), ""),
        ({"source": "oadp"}, replace(MOVED, operation="start"), ""),
        # what Git brings may be there before
        (FROM_GIT, None, "; of objects that west has already, what Git says wins"),
    ],
)
def test_p9_a_planned_move_says_whose_spec_wins_where_the_target_may_have_objects(
    sites: TwoSites, metadata: dict[str, object], before: Run | None, said: str
) -> None:
    if before:
        sites.record(before)
    begun = sites.begin("relocate", "west", plan=plan_of(metadata=metadata))
    assert begun["msg"] == f"run {begun['run_id']}, attempt 1: east (reachable) to west{said}"


def test_p9_a_way_home_says_whose_spec_wins_whoever_moved_the_plan_away(sites: TwoSites) -> None:
    sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    assert sites.begin("failback")["msg"].endswith("; of objects that east has already, what west's capture says wins")


def test_a_failover_says_beforehand_what_it_loses(sites: TwoSites) -> None:
    sites.unreachable.add("east")
    begun = sites.begin("failover", "west", "east")
    assert [loss["last_sync"] for loss in begun["losses"]] == [ARRIVED.isoformat()]


STRICT = plan_of(replication={"max_lag": "5s"})


def last_seen_late(sites: TwoSites) -> None:
    """East was seen with a record of `status` ten seconds after the last data that arrived."""
    store = RunStore(sites.apis["west"], STRICT.store_namespace)  # type: ignore[arg-type]
    seen_at = (ARRIVED + timedelta(seconds=10)).isoformat()
    store.put_syncs(STRICT.name, {"payroll": {"primary": "east", "last_sync": ARRIVED.isoformat(), "seen_at": seen_at}})


def test_a_failover_from_a_copy_that_is_too_old_is_refused_before_anything_is_written(sites: TwoSites) -> None:
    sites.unreachable.add("east")
    last_seen_late(sites)
    before = list(sites.apis["west"].writes)
    with pytest.raises(Refused, match="its copy ends 10s before the last sign of life"):
        sites.begin("failover", "west", "east", STRICT)
    assert sites.apis["west"].writes == before


def test_p1_a_failover_from_a_site_that_refuses_us_says_at_once_what_it_comes_to(sites: TwoSites) -> None:
    sites.refusing.add("east")
    begun = sites.begin("failover", "west", "east")
    assert (begun["source_state"], begun["source_message"]) == ("failed", "Unauthorized; HTTP status 401")
    assert begun["msg"].endswith(
        "east (failed) to west; east answers and does not show what runs there, so nothing is promoted until it does,"
        " or dr_waive_fencing says why that is borne: Unauthorized; HTTP status 401"
    )


def test_a_refusal_is_a_sign_of_life(sites: TwoSites) -> None:
    sites.refusing.add("east")
    with pytest.raises(Refused, match="its copy ends 10s before the last sign of life"):
        sites.begin("failover", "west", "east", STRICT)


def test_what_came_is_a_sign_of_life_of_its_source_and_not_the_moment_of_the_data(sites: TwoSites) -> None:
    sites.unreachable.add("east")
    sites.moments = {"arrived": ARRIVED}
    before = (ARRIVED - timedelta(seconds=10)).isoformat()
    store = RunStore(sites.apis["west"], STRICT.store_namespace)  # type: ignore[arg-type]
    store.put_syncs(STRICT.name, {"payroll": {"primary": "east", "last_sync": before, "seen_at": before}})
    with pytest.raises(Refused, match="its copy ends 10s before the last sign of life"):
        sites.begin("failover", "west", "east", STRICT)


def test_a_copy_does_not_become_older_while_its_source_is_silent(sites: TwoSites) -> None:
    sites.unreachable.add("east")
    sites.apis["west"].clock.sleep(7_200)
    assert sites.begin("failover", "west", "east", STRICT)["needed"] is True


def test_p5_a_failover_that_was_allowed_to_lose_is_resumed(sites: TwoSites) -> None:
    sites.unreachable.add("east")
    first = sites.begin("failover", "west", "east", STRICT)
    last_seen_late(sites)
    assert sites.begin("failover", "west", "east", STRICT)["run_id"] == first["run_id"]


def test_what_a_person_accepts_to_lose_is_recorded(sites: TwoSites) -> None:
    sites.unreachable.add("east")
    last_seen_late(sites)
    begun = sites.begin("failover", "west", "east", STRICT, accept="1m")
    (head,) = RunStore(sites.apis["west"], PLAN.store_namespace).heads(PLAN.name)  # type: ignore[arg-type]
    assert (head["id"], head["accepted_loss"]) == (begun["run_id"], "1m")


def test_a_planned_move_that_goes_on_as_a_failover_may_lose_no_more_than_the_plan_says(sites: TwoSites) -> None:
    sites.record(replace(MOVED, operation="relocate", state="failed"))
    sites.unreachable.add("east")
    last_seen_late(sites)
    with pytest.raises(Refused, match="fail over"):
        sites.begin("failover", "west", "east", STRICT)


def test_a_failback_is_a_move_home(sites: TwoSites) -> None:
    sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    begun = sites.begin("failback")
    assert (begun["operation"], begun["target"], begun["phase_after"]) == ("relocate", "east", "normal")


def test_p5_a_move_that_was_killed_after_its_promotion_is_resumed(sites: TwoSites) -> None:
    first = sites.begin("relocate", "west")
    sites.states = {"east": ("secondary", "none"), "west": ("primary", "outgoing")}
    for api in sites.apis.values():
        PlanLock(api, PLAN.store_namespace, PLAN.name).release(first["run_id"], 1)  # type: ignore[arg-type]
    again = sites.begin("relocate", "west")
    assert (again["needed"], again["run_id"], again["attempt"]) == (True, first["run_id"], 2)


def test_p6_a_rerun_after_a_kill_waits_once_for_both_sites_locks(sites: TwoSites) -> None:
    first = sites.begin("relocate", "west")
    clock = sites.apis["west"].clock
    began = clock.monotonic()
    again = sites.begin("relocate", "west")
    assert (again["run_id"], again["attempt"]) == (first["run_id"], 2)
    assert clock.monotonic() - began <= DURATION + POLL
    holders = {site: PlanLock(api, PLAN.store_namespace, PLAN.name).holder() for site, api in sites.apis.items()}  # type: ignore[arg-type]
    assert {site: holder and holder.attempt for site, holder in holders.items()} == {"east": 2, "west": 2}


def test_a_move_that_was_rolled_back_is_over(sites: TwoSites) -> None:
    sites.record(replace(MOVED, operation="relocate", state="rolled_back"))
    assert sites.begin("relocate", "west")["run_id"] != MOVED.id


def test_p4_a_move_whose_source_was_lost_on_the_way_goes_on_as_a_failover(sites: TwoSites) -> None:
    sites.record(replace(MOVED, operation="relocate", state="failed"))
    sites.unreachable.add("east")
    begun = sites.begin("failover", "west", "east")
    assert (begun["run_id"], begun["attempt"], begun["operation"]) == (MOVED.id, 2, "failover")


def test_p6_a_run_that_the_other_site_recorded_is_finished_first(sites: TwoSites) -> None:
    sites.record(replace(MOVED, operation="relocate", state="failed"))
    sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    with pytest.raises(Refused, match="run relocate with dr_target=west again"):
        sites.begin("relocate", "east")


def test_p1_a_debt_that_the_other_site_recorded_counts(sites: TwoSites) -> None:
    sites.record(replace(MOVED, fence_debt="its VMs were not observed to be off"))
    sites.states = {"east": ("secondary", "none"), "west": ("primary", "none")}
    with pytest.raises(Refused, match="fence debt"):
        sites.begin("relocate", "east")


@pytest.mark.parametrize(("operation", "target"), [("reprotect", None), ("reprotect", "east"), ("relocate", "east")])
def test_p1_a_record_that_cannot_be_read_is_not_taken_for_none(
    sites: TwoSites, monkeypatch: pytest.MonkeyPatch, operation: str, target: str | None
) -> None:
    """It would say that the plan was moved to west, and that east has a debt."""
    sites.states = {"east": ("primary", "none"), "west": ("unknown", "none")}

    def slow(*_arguments: object, **_named: object) -> None:
        raise Unreachable("list ConfigMaps", site="west", seen="no answer")

    monkeypatch.setattr(sites.apis["west"], "list", slow)
    with pytest.raises(Unreachable, match="list ConfigMaps"):
        sites.begin(operation, target)


def test_p4_a_record_at_a_lost_site_is_not_needed(sites: TwoSites, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_arguments: object, **_named: object) -> None:
        raise Unreachable("list ConfigMaps", site="east", seen="no answer")

    monkeypatch.setattr(sites.apis["east"], "list", slow)
    assert sites.begin("failover", "west", "east")["needed"] is True


def test_a_clean_secondary_needs_no_reprotect(sites: TwoSites) -> None:
    assert sites.begin("reprotect")["needed"] is False


GIVEN_BACK = replace(MOVED, id="r-2", operation="relocate", state="rolled_back", number=2)


@pytest.mark.parametrize(
    ("last", "health", "needed"),
    [
        (GIVEN_BACK, "degraded", True),
        (GIVEN_BACK, "healthy", False),
        # a link that is slow is nothing to resync for
        (replace(GIVEN_BACK, state="done", source="west", target="east"), "degraded", False),
    ],
)
def test_p8_a_copy_whose_source_was_taken_back_without_it_is_not_clean_before_both_sites_say_so(
    sites: TwoSites, last: Run, health: str, needed: bool
) -> None:
    """Right after a cut link is up again neither site has seen the other: the copy still tells what it followed."""
    sites.record(MOVED)
    sites.record(last)
    sites.health = health
    assert sites.begin("reprotect")["needed"] is needed


def vmi_at_west(sites: TwoSites) -> None:
    meta = {"name": "db", "namespace": "payroll", "labels": {"dr.ocpvirt.io/plan": "payroll"}}
    sites.apis["west"].create(VM, {"metadata": meta, "spec": {"template": {"spec": {}}}})
    sites.apis["west"].create(VMI, {"metadata": meta})


def debt_of_west(sites: TwoSites) -> None:
    sites.record(replace(MOVED, source="west", target="east", fence_debt="its VMs were not observed to be off"))


def no_flow(sites: TwoSites) -> None:
    sites.states["west"] = ("secondary", "none")


@pytest.mark.parametrize("dirt", [vmi_at_west, debt_of_west, no_flow])
def test_p1_whatever_is_left_at_the_other_site_makes_a_reprotect_needed(
    sites: TwoSites, dirt: Callable[[TwoSites], None]
) -> None:
    dirt(sites)
    begun = sites.begin("reprotect")
    assert (begun["needed"], begun["source"], begun["phase_after"]) == (True, "west", "normal")


def test_p5_a_failback_that_was_killed_halfway_has_nothing_to_clean_before_it_goes_on(sites: TwoSites) -> None:
    sites.record(replace(MOVED, operation="relocate", source="west", target="east", state="running"))
    sites.states = {"east": ("secondary", "incoming"), "west": ("secondary", "none")}
    assert sites.begin("reprotect")["needed"] is False
    assert sites.begin("failback")["attempt"] == 2


STAGED = plan_of(metadata={"source": "oadp", "prestage": True})


def test_a_refresh_goes_to_the_site_where_the_plan_does_not_live_and_begins_anew_each_time(sites: TwoSites) -> None:
    first, second = (sites.begin("prestage", plan=STAGED) for _number in range(2))
    assert (first["source"], first["target"], first["needed"], first["phase_after"]) == ("east", "west", True, "")
    assert (second["attempt"], first["run_id"] == second["run_id"]) == (1, False)


def test_a_plan_that_wants_no_stage_gets_none(sites: TwoSites) -> None:
    with pytest.raises(Refused, match="prestage is false"):
        sites.begin("prestage")


@pytest.mark.parametrize("operation", ["relocate", "failover"])
def test_p4_a_refresh_that_was_killed_stands_in_no_moves_way(sites: TwoSites, operation: str) -> None:
    refresh = sites.begin("prestage", plan=STAGED)
    lost = "east" if operation == "failover" else None
    begun = sites.begin(operation, "west", lost, STAGED)
    assert begun["attempt"] == 1
    assert begun["run_id"] != refresh["run_id"]


def test_p6_a_refresh_does_not_begin_beside_an_unfinished_move(sites: TwoSites) -> None:
    sites.begin("relocate", "west", plan=STAGED)
    with pytest.raises(Refused, match="has not ended"):
        sites.begin("prestage", plan=STAGED)


def test_p1_a_site_that_owes_a_fence_debt_is_no_stage(sites: TwoSites) -> None:
    sites.record(replace(MOVED, fence_debt="its VMs were not observed to be off"))
    sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    with pytest.raises(Refused, match="fence debt"):
        sites.begin("prestage", plan=STAGED)


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


def test_p1_a_planned_move_is_refused_while_a_vm_of_the_plan_is_up_at_its_target(sites: TwoSites) -> None:
    vmi_at_west(sites)
    with pytest.raises(
        Refused, match="seen: VirtualMachineInstance/payroll/db; wanted: nothing of the plan up at west"
    ):
        sites.begin("relocate", "west")


def test_p5_a_planned_move_is_not_stopped_by_the_vms_that_it_has_started(sites: TwoSites) -> None:
    first = sites.begin("relocate", "west")
    vmi_at_west(sites)
    assert sites.begin("relocate", "west")["run_id"] == first["run_id"]


def test_p4_products_do_not_ask_a_dead_site_again(sites: TwoSites) -> None:
    sites.unreachable = {"east"}
    sites.begin("failover", "west", "east")
    assert sites.silenced == {"east"}


def test_p4_of_a_site_that_is_declared_lost_nobody_expects_more_than_a_look(sites: TwoSites) -> None:
    sites.unreachable = {"east"}
    sites.begin("failover", "west", "east")
    assert sites.hurried == {"east": DECLARED_TIMEOUT}


@pytest.mark.parametrize(("operation", "target"), [("relocate", "west"), ("reprotect", None), ("failback", None)])
def test_p3_who_needs_both_sites_hurries_neither(sites: TwoSites, operation: str, target: str | None) -> None:
    sites.begin(operation, target)
    assert sites.hurried == {}


EARLIER, LATER = "2026-03-01T12:00:00+00:00", "2026-03-01T12:05:00+00:00"
HOME_AHEAD = replace(MOVED, id="r-2", operation="relocate", source="west", target="east", started=LATER, number=2)
LOST_SINCE = replace(MOVED, id="r-3", started=EARLIER, number=3)


def test_p6_the_move_that_counts_is_the_last_one_whatever_the_clocks_of_its_controllers_said(sites: TwoSites) -> None:
    """The controller of the move home was ahead; then east was lost, and came back as a primary too."""
    sites.states = {"east": ("primary", "none"), "west": ("primary", "none")}
    for run in (HOME_AHEAD, LOST_SINCE):
        sites.record(run)
    begun = sites.begin("reprotect")
    assert (begun["target"], begun["source"]) == ("west", "east")


def number_of(sites: TwoSites, begun: dict[str, Any]) -> int:
    store = RunStore(sites.apis[begun["target"]], PLAN.store_namespace)  # type: ignore[arg-type]
    (number,) = (run.number for run in store.runs(PLAN.name) if run.id == begun["run_id"])
    return number


def test_p6_a_run_is_numbered_after_every_run_of_both_sites(sites: TwoSites) -> None:
    for run in (HOME_AHEAD, replace(LOST_SINCE, number=1)):
        sites.record(run)
    assert number_of(sites, sites.begin("relocate", "west")) == 3


def test_p6_a_run_is_numbered_after_one_whose_record_was_lost_with_its_site(sites: TwoSites) -> None:
    sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    home = sites.begin("relocate", "east")
    sites.apis["east"] = MemoryApi("east", sites.apis["west"].clock)
    sites.unreachable.add("east")
    for api in sites.apis.values():
        PlanLock(api, PLAN.store_namespace, PLAN.name).release(home["run_id"], 1)  # type: ignore[arg-type]
    sites.states = {"east": ("unknown", "none"), "west": ("secondary", "incoming")}
    assert number_of(sites, sites.begin("failover", "west", "east")) == 2


def test_a_resumed_run_keeps_its_number(sites: TwoSites) -> None:
    first = number_of(sites, sites.begin("relocate", "west"))
    assert number_of(sites, sites.begin("relocate", "west")) == first == 1
