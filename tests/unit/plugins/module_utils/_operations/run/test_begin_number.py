# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs are put in order by their numbers, whatever the clocks of their controllers said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import MOVED, PLAN, TwoSites
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    return TwoSites(monkeypatch)


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
