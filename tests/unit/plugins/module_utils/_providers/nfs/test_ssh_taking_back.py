# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source of a planned move is promoted again by force where the servers are apart, and never beside its target.

What promotes the target is a verb that a killed run has left behind at its server, by the real agent.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.beside import (
    await_met,
    held_exportfs,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair


@pytest.fixture
def moving(pair: Pair) -> Pair:
    """East is demoted, and its final sync proven; west is not promoted yet."""
    pair.provider.demote(pair.group, "east")
    assert pair.provider.final_sync(pair.group, "east", "west").holds
    return pair


def take_back_to_east(pair: Pair) -> bool:
    return take_back(pair.provider, pair.group, "east", "west", forced=False)


def test_p3_a_source_whose_server_does_not_reach_the_target_is_promoted_again(moving: Pair) -> None:
    moving.cut()
    assert take_back_to_east(moving)
    assert moving.roles() == ("primary", "secondary")
    assert (moving.east.exported(), moving.west.exported()) == ("rw", "ro")


def test_p1_a_source_is_not_promoted_by_force_beside_a_promotion_that_began_after_the_look(
    moving: Pair, pool: ThreadPoolExecutor
) -> None:
    """East has agreed to it while the servers still reached each other."""
    with held_exportfs(moving, pool, moving.west, "promote", "orderly") as promoted:
        moving.cut()
        taken = pool.submit(take_back_to_east, moving)
        await_met(moving.west, taken)
    assert promoted.result() == {"changed": True}
    with pytest.raises(Refused, match="primary in epoch") as refused:
        taken.result()
    assert "it finishes the move" in (refused.value.next_step or "")
    assert moving.roles() == ("secondary", "primary")
    assert (moving.east.exported(), moving.west.exported()) == ("ro", "rw")


def test_p1_a_source_is_not_promoted_by_force_beside_a_promotion_that_died_with_its_server(moving: Pair) -> None:
    """After the look: between the export and its note."""
    moving.cut()
    noted, state = moving.west.state(), moving.west.root / "state/payroll.state"
    moving.provider.promote(moving.group, "west", forced=True)
    state.write_text(noted)
    with pytest.raises(Refused, match=r"it is secondary in epoch .*, and exported rw"):
        take_back_to_east(moving)
    assert moving.east.exported() == "ro"


@pytest.mark.parametrize("forced", [False, True])
def test_p1_a_promotion_that_was_asked_for_before_is_refused_once_the_source_is_about_to_be_promoted(
    moving: Pair, forced: bool
) -> None:
    """The run is killed in that moment, and then the servers reach each other again."""
    promote = moving.provider.promote

    def killed(group: object, site: str, by_force: bool) -> bool:
        if by_force:
            raise InterruptedError
        return promote(group, site, by_force)  # type: ignore[arg-type]

    moving.cut()
    moving.provider.promote = killed  # type: ignore[method-assign, assignment]
    with pytest.raises(InterruptedError):
        take_back(moving.provider, moving.group, "east", "west", forced)
    moving.provider.promote = promote  # type: ignore[method-assign]
    moving.join()
    assert moving.west.agent("promote", "orderly")["error"]["reason"] == "NotSynced"
    assert moving.roles() == ("secondary", "secondary")

    # of another final sync the next attempt may promote it
    assert moving.provider.final_sync(moving.group, "east", "west").holds
    assert moving.provider.promote(moving.group, "west", forced=False)


def test_p5_a_taking_back_that_was_killed_before_its_promotion_is_done_by_the_next(moving: Pair) -> None:
    moving.provider.rule_out(moving.group, "west")
    assert take_back_to_east(moving)
    moving.push()
    assert (moving.status("east").health, moving.status("west").health) == ("healthy", "healthy")


def test_p10_a_target_that_is_silent_meanwhile_keeps_the_source_as_it_is(moving: Pair) -> None:
    moving.west.lose()
    with pytest.raises(Unreachable) as refused:
        take_back_to_east(moving)
    assert refused.value.site == "west"
    assert "then run the same command again" in (refused.value.next_step or "")
    assert (moving.status("east").role, moving.east.exported()) == ("secondary", "ro")
