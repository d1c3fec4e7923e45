# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that were killed beside their record: before the first one was written, or after the last one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import DURATION, POLL, PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.plan_hold import holder_name
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import (
    MOVED,
    PLAN,
    TwoSites,
)

UNRECORDED = "payroll-relocate-west-20260301120000-ab12"


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    return TwoSites(monkeypatch)


def lock_at(sites: TwoSites, site: str) -> PlanLock:
    return PlanLock(sites.apis[site], PLAN.store_namespace, PLAN.name)  # type: ignore[arg-type]


def holders(sites: TwoSites) -> dict[str, str]:
    found = {site: lock_at(sites, site).holder() for site in sites.apis}
    return {site: holder.run_id for site, holder in found.items() if holder}


@pytest.mark.parametrize("left_at", [["west"], ["east", "west"], ["east"]], ids="+".join)
def test_p5_a_run_that_was_killed_before_its_first_record_does_not_hold_the_plan_for_ever(
    sites: TwoSites, left_at: list[str]
) -> None:
    for site in left_at:
        lock_at(sites, site).take(UNRECORDED, 1)
    clock = sites.apis["west"].clock
    began = clock.monotonic()
    begun = sites.begin("relocate", "west")
    assert holders(sites) == {"east": begun["run_id"], "west": begun["run_id"]}
    assert DURATION <= clock.monotonic() - began <= DURATION + POLL


def test_p5_a_run_whose_record_was_deleted_does_not_hold_the_plan_for_ever(sites: TwoSites) -> None:
    first = sites.begin("relocate", "west")
    sites.apis["west"].delete(CONFIG_MAP, f"run-{first['run_id']}-head", PLAN.store_namespace)
    second = sites.begin("relocate", "west")
    assert holders(sites) == {"east": second["run_id"], "west": second["run_id"]}
    assert second["run_id"] != first["run_id"]


def test_p4_a_move_to_a_site_that_was_then_lost_does_not_hold_the_other_site(sites: TwoSites) -> None:
    sites.begin("relocate", "west")
    sites.unreachable.add("west")
    begun = sites.begin("failover", "east", "west")
    assert begun["needed"] is False
    sites.states["east"] = ("secondary", "incoming")
    begun = sites.begin("failover", "east", "west")
    assert holders(sites)["east"] == begun["run_id"]


def test_p6_a_run_without_a_record_that_renews_its_lock_is_alive(sites: TwoSites) -> None:
    clock = sites.apis["west"].clock
    lock = lock_at(sites, "west")
    lock.take(UNRECORDED, 1)
    sleep = clock.sleep

    def renewing(seconds: float) -> None:
        sleep(seconds)
        lock.renew(UNRECORDED, 1)

    object.__setattr__(clock, "sleep", renewing)
    with pytest.raises(Refused, match=f"held by run {UNRECORDED}"):
        sites.begin("relocate", "west")


def test_p6_a_run_that_writes_its_first_record_while_we_wait_is_not_displaced(sites: TwoSites) -> None:
    clock = sites.apis["west"].clock
    lock_at(sites, "west").take(UNRECORDED, 1)
    sleep = clock.sleep

    def recorded(seconds: float) -> None:
        sleep(seconds)
        sites.record(replace(MOVED, id=UNRECORDED, operation="relocate", state="running"))

    object.__setattr__(clock, "sleep", recorded)
    with pytest.raises(Refused, match=f"held by run {UNRECORDED}"):
        sites.begin("relocate", "west")


@pytest.mark.parametrize("state", ["done", "rolled_back", "failed"])
def test_p6_an_attempt_that_ends_while_we_wait_for_its_lock_is_not_gone_on_with(sites: TwoSites, state: str) -> None:
    first = sites.begin("relocate", "west")
    store = RunStore(sites.apis["west"], PLAN.store_namespace)  # type: ignore[arg-type]
    ended = {**store.heads(PLAN.name)[0], "state": state}
    clock = sites.apis["west"].clock
    sleep = clock.sleep

    def ending(seconds: float) -> None:
        sleep(seconds)
        store.put_head(first["run_id"], PLAN.name, ended)
        lock_at(sites, "west").release(first["run_id"], 1)

    object.__setattr__(clock, "sleep", ending)
    with pytest.raises(Refused, match=f"attempt 1 is {state}, written after we looked"):
        sites.begin("relocate", "west")
    assert store.heads(PLAN.name) == [ended]
    assert "west" not in holders(sites)


def test_p6_a_run_that_another_operator_ended_while_we_looked_is_seen(
    sites: TwoSites, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = PlanLock.take

    def late(lock: PlanLock, run_id: str, attempt: int) -> str | None:
        sites.record(replace(MOVED, operation="relocate"))
        return take(lock, run_id, attempt)

    monkeypatch.setattr(PlanLock, "take", late)
    with pytest.raises(Refused, match=f"run {MOVED.id}.*start the playbook again"):
        sites.begin("relocate", "west")
    assert holders(sites) == {}


def test_p6_what_is_no_run_and_has_no_record_is_not_displaced(sites: TwoSites) -> None:
    lock_at(sites, "west").take(holder_name(PLAN, "unprotect"), 1)
    with pytest.raises(Refused, match="held by run payroll-unprotect"):
        sites.begin("relocate", "west")


@pytest.mark.parametrize("state", ["done", "rolled_back"])
def test_p5_a_run_that_was_killed_after_its_last_record_holds_nothing(sites: TwoSites, state: str) -> None:
    first = sites.begin("relocate", "west")
    store = RunStore(sites.apis["west"], PLAN.store_namespace)  # type: ignore[arg-type]
    store.put_head(first["run_id"], PLAN.name, {**store.heads(PLAN.name)[0], "state": state})
    clock = sites.apis["west"].clock
    began = clock.monotonic()
    begun = sites.begin("relocate", "west")
    assert holders(sites) == {"east": begun["run_id"], "west": begun["run_id"]}
    assert clock.monotonic() == began


def test_p5_the_same_command_frees_what_a_run_that_ended_has_left(sites: TwoSites) -> None:
    first = sites.begin("relocate", "west")
    store = RunStore(sites.apis["west"], PLAN.store_namespace)  # type: ignore[arg-type]
    store.put_head(first["run_id"], PLAN.name, {**store.heads(PLAN.name)[0], "state": "done"})
    sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    assert sites.begin("relocate", "west")["needed"] is False
    assert holders(sites) == {}


def test_p9_check_mode_frees_nothing(sites: TwoSites) -> None:
    sites.record(MOVED)
    lock_at(sites, "west").take(MOVED.id, 1)
    sites.begin("relocate", "west", check_mode=True)
    assert holders(sites) == {"west": MOVED.id}
