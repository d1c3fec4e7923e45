# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same command again: which run it resumes, which one it lets be over, and which one it finishes first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import DURATION, POLL, PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import (
    MOVED,
    PLAN,
    TwoSites,
    vmi_at_west,
)


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    return TwoSites(monkeypatch)


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


def test_p5_a_planned_move_is_not_stopped_by_the_vms_that_it_has_started(sites: TwoSites) -> None:
    first = sites.begin("relocate", "west")
    vmi_at_west(sites)
    assert sites.begin("relocate", "west")["run_id"] == first["run_id"]
