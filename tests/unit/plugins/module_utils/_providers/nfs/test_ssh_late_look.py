# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cron's minute saw of the peer counts only for the state that it was compared with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair, Site


@pytest.fixture
def diverged(pair: Pair) -> Pair:
    """West was promoted by force; east is demoted, and has what never arrived."""
    pair.part()
    pair.provider.demote(pair.group, "east")
    return pair


def field(site: Site, name: str) -> str:
    return next(line.partition("=")[2] for line in site.state().splitlines() if line.startswith(f"{name}="))


def test_a_resync_that_ends_under_a_look_at_the_peer_leaves_nothing_diverged(diverged: Pair) -> None:
    east, west = diverged.east, diverged.west
    west.hold_an_answer()
    with ThreadPoolExecutor(1) as pool:
        minute = pool.submit(east.tick)
        west.await_held()
        diverged.provider.resync(diverged.group, "east")
        west.let_go()
        minute.result()
    assert field(east, "diverged") == ""
    assert (diverged.status("east").health, diverged.status("east").direction) == ("healthy", "incoming")


def test_p1_cron_remembers_that_both_sides_went_on(diverged: Pair) -> None:
    diverged.east.tick()
    diverged.west.lose()
    assert diverged.status("east").health == "diverged"


def test_a_whole_transfer_ends_what_was_remembered_wrongly(diverged: Pair) -> None:
    """As an agent of before left it."""
    diverged.provider.resync(diverged.group, "east")
    state = diverged.east.root / "state/payroll.state"
    state.write_text(state.read_text().replace("diverged=\n", "diverged=this side is in epoch 1, west in 2\n"))
    diverged.push(diverged.west)
    assert diverged.status("east").health == "healthy"
