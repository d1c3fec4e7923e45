# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a failover begins: what it may lose, and how little it asks of the site that is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import DECLARED_TIMEOUT
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import (
    ARRIVED,
    MOVED,
    PLAN,
    TwoSites,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    return TwoSites(monkeypatch)


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


def test_p4_products_do_not_ask_a_dead_site_again(sites: TwoSites) -> None:
    sites.unreachable = {"east"}
    sites.begin("failover", "west", "east")
    assert sites.silenced == {"east"}


def test_p4_of_a_site_that_is_declared_lost_nobody_expects_more_than_a_look(sites: TwoSites) -> None:
    sites.unreachable = {"east"}
    sites.begin("failover", "west", "east")
    assert sites.hurried == {"east": DECLARED_TIMEOUT}
