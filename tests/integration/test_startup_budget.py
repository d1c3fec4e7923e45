# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans that start at one site at once never have more in flight together than the site allows; a witness counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.shared_budget import BUDGET, Sharing, kill
from ansible_collections.ocpvirt.dr.tests.integration.world import must
from demo.cluster import wait_until
from demo.lab import Lab
from demo.playbook import Played
from ocpvirt_lab.start_history import History

PLANS = ("budget-a", "budget-b", "budget-c", "budget-d")
FIRST = PLANS[3]
VMS = 15
# of a plan whose run is killed; its part comes back a minute and this later
DEADLINE = 20


@pytest.fixture
def sharing(lab: Lab, tmp_path: Path) -> Iterator[Sharing]:
    sharing = Sharing(lab, tmp_path)
    try:
        yield sharing
    finally:
        sharing.remove()


@pytest.fixture
def together(sharing: Sharing) -> tuple[list[Played], History]:
    """Four plans, the last one of a higher priority, at the same time."""
    for name in PLANS:
        sharing.add(name, VMS, (6.0, 9.0), priority=1 if name == FIRST else 3)
    with sharing.watched() as watch:
        played = sharing.start_all(PLANS)
    return [must(one) for one in played], watch.history(agent=True)


def of(plan: str, moments: dict[str, float]) -> list[float]:
    return [at for key, at in moments.items() if key.startswith(f"{plan}/")]


def test_plans_that_start_at_once_share_the_budget_of_their_site(
    sharing: Sharing, together: tuple[list[Played], History]
) -> None:
    played, history = together
    assert (len(history.ready_at), history.gaps, history.doubles) == (len(PLANS) * VMS, [], {})
    assert history.peak <= BUDGET
    # not one after the other: each began before any of the others was through
    assert max(min(of(plan, history.started)) for plan in PLANS) < min(
        max(of(plan, history.ready_at)) for plan in PLANS
    )
    # the one of the higher priority had more of it than the others
    output = "".join(one.output for one in played)
    assert "waiting for the budget of east" in output
    assert f"{FIRST} 3" in output
    assert all(sharing.claim(plan)["grant"] == 0 for plan in PLANS)


def test_a_storm_of_twenty_plans_of_forty_stays_within_the_budget_of_their_site(lab: Lab, tmp_path: Path) -> None:
    plans = [f"storm-{number:02}" for number in range(20)]
    sharing = Sharing(lab, tmp_path, budget=40)
    try:
        for name in plans:
            sharing.add(name, 40, (1.0, 3.0))
        with sharing.watched() as watch:
            played = sharing.start_all(plans)
        history = watch.history(agent=True)
    finally:
        sharing.remove()
    assert [must(one).returncode for one in played] == [0] * len(plans)
    print(f"in flight at most {history.peak}")
    assert (len(history.ready_at), history.gaps, history.doubles) == (800, [], {})
    assert history.peak <= sharing.budget
    assert all(sharing.claim(plan)["grant"] == 0 for plan in plans)


def test_p5_the_part_of_a_run_that_was_killed_comes_back_when_nothing_of_it_can_be_in_flight(sharing: Sharing) -> None:
    killed, other = "budget-killed", "budget-other"
    sharing.add(killed, 2 * VMS, (8.0, 12.0), readiness={"agent": True, "timeout": f"{DEADLINE}s"})
    sharing.add(other, VMS, (1.0, 2.0))
    with sharing.watched() as watch:
        process = sharing.begin(killed)
        try:
            wait_until("VMs of the first plan", 180, lambda: [] if watch.ready else ["one that is ready"])
        finally:
            kill(process)
        held = sharing.claim(killed)["grant"]
        played = must(sharing.start(other))
        after = watch.history(agent=True)
        again = must(sharing.start(killed))
    history = watch.history(agent=True)
    assert held == BUDGET
    assert f"shared with {killed} {BUDGET}" in played.output
    # what it had in flight was ready or given up by then
    assert min(of(other, after.started)) > max(of(killed, after.ready_at))
    assert history.peak <= BUDGET
    assert (len(history.ready_at), history.doubles) == (3 * VMS, {})
    assert "attempt 2" in again.output
