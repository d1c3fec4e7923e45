# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a word of desiredPairState brings about, and what of it is to be believed."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import HITACHI_REPLICATION, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    DrError,
    Failed,
    NotFound,
    TerminalState,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.api_faults import (
    RESTARTING,
    refuse_patches,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.double import (
    REPLICATION,
    Rejected,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.world import World, world


@pytest.fixture(params=[False, True], ids=["pairs", "group"])
def made(request: pytest.FixtureRequest) -> World:
    return world(grouped=request.param)


def demote(made: World) -> bool:
    return made.provider.demote(made.group, "east")


def reject(_name: str) -> None:
    raise Rejected("the licence has expired")


def test_p1_what_a_dead_operator_has_not_taken_up_is_put_back(made: World) -> None:
    """It would split the pair when it comes back, long after the run has given everything back."""
    before = made.desired("east")
    made.apis["east"].stopped = True
    with pytest.raises(Timeout, match="nobody took it up, and desiredPairState was put back to"):
        demote(made)
    assert made.desired("east") == before
    made.apis["east"].stopped = False
    made.apis["east"].wake(*made.asked_of("east"))
    assert (made.roles(), made.arrays.done) == (("primary", "secondary"), [])


def test_many_words_are_put_back_after_one_look_at_all_pairs() -> None:
    made = world(volumes=20)
    east, plain, looks = made.apis["east"], made.apis["east"].list, list[float]()

    def listed(kind: Kind, *args: Any, **named: Any) -> Any:
        if kind == HITACHI_REPLICATION:
            looks.append(made.time.seconds)
        return plain(kind, *args, **named)

    east.list, east.stopped = listed, True  # type: ignore[method-assign]
    with pytest.raises(Timeout, match="nobody took it up"):
        demote(made)
    assert made.desired("east") == {""}
    # the last one of the wait, that of putting back, and that of looking what became of it
    assert looks.count(made.time.seconds) <= 3


def test_p1_a_takeover_that_a_dead_operator_has_not_taken_up_is_put_back(made: World) -> None:
    before = made.desired("west")
    made.apis["west"].stopped = True
    made.later(4, lambda: setattr(made.apis["west"], "stopped", False))
    made.later(40, lambda: setattr(made.apis["west"], "stopped", True))
    made.apis["west"].words.discard("failover")
    with pytest.raises(Timeout, match="nobody took it up"):
        demote(made)
    assert made.desired("west") == before
    assert "failover west" not in made.arrays.done


def test_a_word_that_this_version_does_not_know_moves_nothing_and_is_put_back(made: World) -> None:
    made.apis["west"].words.discard("swap-resync")
    with pytest.raises(Timeout, match=r"swap-resync of group payroll.*nobody took it up"):
        demote(made)
    assert made.desired("west") == {"failover"}
    made.apis["west"].words.add("swap-resync")
    assert demote(made) is True
    assert made.roles() == ("secondary", "primary")


def test_an_error_that_stands_ends_the_wait_and_the_word_is_put_back(made: World) -> None:
    made.apis["east"].retries = False
    made.arrays.does["split"] = reject
    began, before = made.time.seconds, made.desired("east")
    with pytest.raises(TerminalState, match=r"is not tried again.*the licence has expired.*it has failed, and desired"):
        demote(made)
    assert made.time.seconds - began < 120
    assert made.desired("east") == before
    assert made.provider.observe(made.group, "east").role == "primary"


def test_an_error_that_is_tried_again_is_waited_for(made: World) -> None:
    made.arrays.does["split"] = reject
    made.later(70, made.arrays.does.clear)
    assert demote(made) is True


def test_an_operation_that_never_ends_is_not_put_back(made: World) -> None:
    made.apis["east"].takes = 1e9
    with pytest.raises(Timeout, match="is under way, and may still succeed") as raised:
        demote(made)
    assert raised.value.waited == pytest.approx(300, abs=5)
    assert made.desired("east") == {"split"}
    assert "operation split running" in str(raised.value)


def test_a_later_attempt_waits_for_the_operation_of_a_killed_one(made: World) -> None:
    made.apis["east"].takes = 60
    kind, name = made.asked_of("east")
    made.apis["east"]._tell(kind, name, operation="pair", running=True)
    made.later(30, partial(made.apis["east"]._tell, kind, name, running=False))
    assert demote(made) is True


def test_an_operation_of_somebody_else_that_never_ends_is_named(made: World) -> None:
    kind, name = made.asked_of("east")
    made.apis["east"]._tell(kind, name, operation="create", running=True)
    with pytest.raises(Timeout, match="operation create running"):
        demote(made)
    assert made.apis["east"].asked() == []


def test_an_older_failure_is_none_of_this_order(made: World) -> None:
    kind, name = made.asked_of("east")
    made.apis["east"]._tell(kind, name, lastErrorMessage="long ago", lastErrorTime="2026-02-01T00:00:00Z")
    assert demote(made) is True


def test_an_older_failure_does_not_make_one_of_an_operation_that_ended_in_vain(made: World) -> None:
    kind, name = made.asked_of("east")
    made.apis["east"]._tell(kind, name, lastErrorMessage="long ago", lastErrorTime="2026-02-01T00:00:00Z")
    made.arrays.does["split"] = lambda _name: None
    with pytest.raises(Timeout, match="reports its operation ended: see what the array shows"):
        demote(made)
    assert made.desired("east") == {"split"}


def test_a_word_that_stands_there_already_is_news_all_the_same() -> None:
    """The pair was split on the array, and the operator looks at changes only."""
    made = world(grouped=True)
    for name in made.arrays.pairs:
        made.arrays.execute("east", "split", name)
    made.wait()
    assert made.desired("east") == {"pair"}
    assert demote(made) is True
    assert made.apis["east"].asked()[:2] == ["split", "pair"]


def test_fields_that_the_installed_version_lacks_are_noticed(made: World) -> None:
    made.apis["east"].drops_desired = True
    with pytest.raises(Unsupported, match=r"has dropped spec\.desiredPairState"):
        demote(made)


def test_an_object_that_changes_under_our_write_is_looked_at_again(made: World) -> None:
    refuse_patches(made.apis["east"], 3)
    assert demote(made) is True


@pytest.mark.parametrize("error", RESTARTING)
def test_p5_an_api_server_that_restarts_under_the_wait_is_waited_for(made: World, error: DrError) -> None:
    made.later(1, lambda: made.apis["east"].errors.extend([error] * 5))
    assert demote(made) is True


def test_a_refusal_by_the_api_server_ends_the_wait(made: World) -> None:
    error = Failed("GET", site="east", seen="forbidden", status=403)
    made.later(1, lambda: made.apis["east"].errors.append(error))
    with pytest.raises(Failed, match="forbidden"):
        demote(made)


def test_p1_a_word_is_put_back_whatever_ended_the_wait_for_it(made: World) -> None:
    before = made.desired("east")
    made.apis["east"].stopped = True
    error = Failed("GET", site="east", seen="forbidden", status=403)
    made.later(1, lambda: made.apis["east"].errors.append(error))
    with pytest.raises(Failed, match="nobody took it up, and desiredPairState was put back"):
        demote(made)
    assert made.desired("east") == before


def test_a_relationship_that_is_deleted_under_the_wait_ends_it(made: World) -> None:
    made.apis["east"].takes = 30
    made.later(5, lambda: made.apis["east"].objects.pop((REPLICATION, "payroll", "disk-0")))
    with pytest.raises(NotFound, match="the relationship was deleted"):
        demote(made)


def test_p1_a_forced_promotion_that_nobody_takes_up_is_put_back(made: World) -> None:
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match="nobody took it up"):
        made.provider.promote(made.group, "west", forced=True)
    assert made.desired("west") != {"failover"}
