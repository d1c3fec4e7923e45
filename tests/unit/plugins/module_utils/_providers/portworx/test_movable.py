# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Stork could not fail over is said before VMs are stopped for it."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    NotFound,
    Refused,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.movable import (
    BOTH,
    Ask,
    fail_over,
    move,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import (
    ACTION,
    MIGRATION,
    SCHEDULE,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.world import (
    FROM_EAST,
    World,
    add_claim,
    world,
)


@pytest.fixture
def made() -> World:
    return world()


def refused(made: World, ask: Ask, words: str, kind: type[DrError] = Refused) -> None:
    began = made.time.seconds
    with pytest.raises(kind, match=words):
        ask(made)
    assert made.time.seconds == began
    assert made.actions("west") == []


def theirs(made: World, site: str) -> None:
    spec = {"suspend": True, "autoSuspend": True, "template": {"spec": {"namespaces": ["payroll"], "selectors": {}}}}
    made.apis[site].make(SCHEDULE, "payroll", "theirs", {"metadata": {"labels": {}}, "spec": spec})


@BOTH
def test_what_is_migrated_may_be_switched_and_is_not_touched_by_the_question(made: World, ask: Ask) -> None:
    ask(made)
    assert [write for api in made.apis.values() for write in api.writes] == []


@BOTH
def test_claims_that_the_target_does_not_have_yet_are_no_obstacle(ask: Ask) -> None:
    ask(world(at=("east",)))


def test_p4_a_failover_asks_nothing_of_the_lost_site(made: World) -> None:
    made.apis["east"].reachable = False
    fail_over(made)


def test_p5_what_was_failed_over_may_be_asked_again(made: World) -> None:
    made.forced()
    fail_over(made)


def test_p3_a_claim_that_no_migration_takes_along_is_said_while_everything_runs(made: World) -> None:
    add_claim(made.apis["east"], "of-another-product")
    refused(made, move, r"is successful without payroll/of-another-product.*belong in a group of their own")
    fail_over(made)


def test_p3_a_newest_migration_that_failed_is_said_while_everything_runs(made: World) -> None:
    """Stork rolls a failover back whose newest migration has failed."""
    for item in made.apis["east"].of(MIGRATION):
        item["status"]["status"] = "Failed"
        made.apis["east"].keep_item(MIGRATION, item)
    refused(made, move, "status Failed.*wait for the next one")


def test_a_first_migration_that_has_not_ended_is_for_the_switch_to_wait_for() -> None:
    made = world(enabled=False)
    made.provider.enable(made.group, "east", "west")
    move(made)


@pytest.mark.parametrize("site", ["east", "west"])
def test_p8_what_somebody_else_migrates_is_said_while_everything_runs(made: World, site: str) -> None:
    theirs(made, site)
    refused(made, move, "belongs to somebody else", Conflict)


def test_p8_a_failover_asks_who_else_migrates_before_anything_is_stopped(made: World) -> None:
    theirs(made, "west")
    refused(made, fail_over, "belongs to somebody else", Conflict)


@BOTH
def test_a_copy_that_stork_has_not_made_is_said_while_everything_runs(made: World, ask: Ask) -> None:
    del made.apis["west"].objects[SCHEDULE, "payroll", FROM_EAST]
    refused(made, ask, "run protect", Refused if ask is move else NotFound)


@BOTH
def test_a_version_without_actions_is_said_while_everything_runs(made: World, ask: Ask) -> None:
    made.apis["west"].unserved.add(ACTION)
    refused(made, ask, "does not serve", Unsupported)
