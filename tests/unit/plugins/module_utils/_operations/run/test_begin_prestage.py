# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A refresh of the stage begins anew each time, stands in no move's way, and goes to no site in debt."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import MOVED, TwoSites
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    return TwoSites(monkeypatch)


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
