# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a reprotect is needed: whatever is left at the other site, and a copy that nobody vouches for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import (
    MOVED,
    TwoSites,
    vmi_at_west,
)


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    return TwoSites(monkeypatch)


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
