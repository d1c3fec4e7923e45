# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which moves bring a plan to where the next one begins, and what is asked of a site that is lost. Without a lab."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import MagicMock

import pytest
from ansible_collections.ocpvirt.dr.tests.faults import outages, stage
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.faults.lives import Outage
from ansible_collections.ocpvirt.dr.tests.faults.move import FAILBACK_AFTER_LOSS, FAILOVER, HOME, RELOCATE, Move
from ansible_collections.ocpvirt.dr.tests.faults.outages import restore_object_store
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage, Undisturbed
from ansible_collections.ocpvirt.dr.tests.faults.tally import Tally

EVERY_MOVE = (RELOCATE, HOME, FAILOVER, FAILBACK_AFTER_LOSS)


class Noting(Stage):
    """done: what was done to the plan; nothing is."""

    def __init__(self, at: str = "east", lost: bool = False, known: tuple[Move, ...] = EVERY_MOVE) -> None:
        world = cast(Any, SimpleNamespace(sites={"east": {}, "west": {}}))
        witness = cast(Any, SimpleNamespace(outages=[Outage("east", 0.0)] if lost else []))
        super().__init__(world, witness, Tally(), {move.name: Undisturbed({}, {}) for move in known}, at=at)
        self.done: list[str] = []

    def go(self, move: Move) -> Undisturbed:
        assert move.source == self.at
        self.at = move.target
        self.done.append(move.name)
        return self.undisturbed.setdefault(move.name, Undisturbed({}, {}))

    def lose(self, site: str) -> None:
        self.witness.outages.append(Outage(site, 0.0))
        self.done.append(f"lose {site}")

    def restore(self, site: str) -> None:
        self.witness.outages[-1] = Outage(site, 0.0, back=1.0)
        self.done.append(f"restore {site}")

    def clear(self, site: str) -> None:
        self.done.append(f"clear {site}")


GONE, BACK = ["clear west", "lose east"], ["restore east"]
OUT, HOMEWARD = [*GONE, FAILOVER.name], [*BACK, FAILBACK_AFTER_LOSS.name]


@pytest.mark.parametrize(
    ("operation", "noting", "done", "move"),
    [
        ("failover", Noting(), GONE, FAILOVER),
        ("failback", Noting("west", lost=True), BACK, FAILBACK_AFTER_LOSS),
        ("failover", Noting("west", lost=True), [*HOMEWARD, *GONE], FAILOVER),
        ("failback", Noting(), [*OUT, *BACK], FAILBACK_AFTER_LOSS),
        ("failover", Noting("west"), [HOME.name, *GONE], FAILOVER),
        ("relocate", Noting("west"), [], HOME),
        ("relocate", Noting("west", lost=True), HOMEWARD, RELOCATE),
        ("failover", Noting(known=()), [*OUT, *HOMEWARD, *GONE], FAILOVER),
        ("failback", Noting(known=()), [*OUT, *HOMEWARD, *OUT, *BACK], FAILBACK_AFTER_LOSS),
    ],
)
def test_only_moves_that_are_needed_come_before_a_disturbed_one(
    operation: str, noting: Noting, done: list[str], move: Move
) -> None:
    assert noting.before(operation) is move
    assert (noting.done, noting.at) == (done, move.source)


def test_a_plan_comes_home_from_a_loss_by_its_failback() -> None:
    noting = Noting("west", lost=True)
    noting.come_home()
    assert (noting.done, noting.at) == (HOMEWARD, "east")


def test_a_fault_strikes_a_step_of_the_move_itself_and_is_tallied_with_its_operation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempt = MagicMock()
    monkeypatch.setattr(stage, "Attempt", lambda *_args, **_options: attempt)
    noting = Noting("west")
    noting.world.plan_file, noting.world.log = cast(Any, "plan"), cast(Any, "log")
    for step in ("volumes", Place(1, "quiesce")):
        noting.struck(FAILBACK_AFTER_LOSS, step, "a fault", MagicMock())
    assert [call.args for call in attempt.reaches.call_args_list] == [(Place(2, "volumes"),), (Place(1, "quiesce"),)]
    assert noting.tally.faults == {"a fault in failback": 2}


def test_a_lost_site_is_not_asked_for_the_object_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "wait_until", lambda _what, _seconds, missing: missing())
    noting = MagicMock(standing=["west"])
    noting.world.sites = {"east": {}, "west": {}}
    restore_object_store(noting)
    noting.world.cluster.assert_called_once_with("west")
