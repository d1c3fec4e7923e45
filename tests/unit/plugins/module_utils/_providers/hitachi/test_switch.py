# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned switches by hitachi."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.double import (
    REPLICATION,
    Rejected,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.world import (
    PAIRED,
    World,
    paired_world,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.planned_switch import switch


@pytest.fixture(params=PAIRED)
def made(request: pytest.FixtureRequest) -> World:
    return paired_world(request.param)


def test_p3_a_planned_switch_loses_nothing_there_and_back(made: World) -> None:
    for source, target in (("east", "west"), ("west", "east")):
        made.arrays.write(source, f"last words of {source}")
        assert made.provider.demote(made.group, source) is True
        assert made.provider.demote(made.group, source) is False
        proof = made.provider.final_sync(made.group, source, target)
        assert (proof.holds, proof.volumes) == (True, 2)
        assert "No content was compared" in proof.compared
        assert made.provider.observe(made.group, source).sync_proof
        assert made.provider.promote(made.group, target, forced=False) is False
        assert made.arrays.writable() == {target}
        assert {held[-1] for held in made.arrays.held(target)} == {f"last words of {source}"}
    assert made.roles() == ("primary", "secondary")


def test_each_word_is_asked_for_at_its_side() -> None:
    made = world(volumes=1)
    switch(made, "east", "west")
    assert made.apis["east"].asked() == ["split", "pair"]
    assert made.apis["west"].asked() == ["failover", "swap-resync", "pair"]


def test_no_word_of_a_switch_is_left_for_an_operator_that_looks_at_states(made: World) -> None:
    """A source that still asks for `split` would be split again, against its new source."""
    switch(made, "east", "west")
    assert (made.desired("east"), made.desired("west")) == ({"pair"}, {"pair"})


def test_p3_nobody_takes_over_before_both_sides_show_the_split(made: World) -> None:
    """The copy's site looks once in a while."""
    made.provider.demote(made.group, "east")
    first = made.arrays.done.index("failover west")
    assert made.arrays.done[:first] == ["split east"] * 2


def test_p3_a_split_that_is_not_clean_is_no_switch(made: World) -> None:
    def suspended(name: str) -> None:
        made.arrays.pairs[name].status = "PSUE"
        raise Rejected("the journal could not be restored")

    made.arrays.does["split"] = suspended
    made.arrays.write("east", "unsent")
    with pytest.raises((TerminalState, Timeout), match="the journal could not be restored"):
        made.provider.demote(made.group, "east")
    assert "failover west" not in made.arrays.done
    assert made.arrays.writable() == {"east"}
    assert made.provider.observe(made.group, "east").role == "primary"


def test_p3_no_switch_begins_over_a_path_that_is_cut(made: World) -> None:
    made.arrays.linked = False
    made.wait()
    with pytest.raises((Timeout, TerminalState), match="PSUE"):
        made.provider.demote(made.group, "east")
    assert made.apis["west"].asked() == []
    assert made.arrays.writable() == {"east"}


def test_p3_a_planned_promotion_is_refused_before_the_source_is_demoted(made: World) -> None:
    with pytest.raises(Refused, match="demote it at east: that is the switch"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.apis["west"].asked() == []


def test_p3_what_can_be_written_proves_nothing(made: World) -> None:
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")


def test_an_array_that_turns_the_pair_round_by_itself_is_followed(made: World) -> None:
    made.arrays.turns_round = True
    switch(made, "east", "west")
    assert (made.roles(), made.arrays.writable()) == (("secondary", "primary"), {"west"})


def test_p1_an_s_vol_that_was_only_split_off_is_promoted_all_the_same(made: World) -> None:
    """Some manuals show the S-VOL of a split as SSWS, too: that alone is no takeover."""

    def split(name: str) -> None:
        made.arrays._split("east", made.arrays.pairs[name])
        made.arrays.pairs[name].status = "SSWS"

    made.arrays.does["split"], made.arrays.ssws_at_source = split, "PSUS"
    switch(made, "east", "west")
    assert made.arrays.done.count("failover west") == 2
    assert (made.roles(), made.arrays.writable()) == (("secondary", "primary"), {"west"})


def test_p1_of_a_copy_that_was_split_off_nobody_knows_who_may_write(made: World) -> None:
    made.arrays.split_lets_write = True
    for name in made.arrays.pairs:
        made.arrays.execute("east", "split", name)
    assert made.roles() == ("primary", "unknown")


def test_p1_two_copies_without_a_source_are_named_and_refused(made: World) -> None:
    """The array has turned the pair round, and one site's operator is down."""
    made.apis["west"].stopped = True
    for pair in made.arrays.pairs.values():
        pair.p = "west"
    made.wait()
    for verb in (made.provider.demote, made.provider.resync):
        with pytest.raises(Refused, match=r"at \w+ S-VOL, volumeStatus PAIR.*at \w+ S-VOL"):
            verb(made.group, "east")
    with pytest.raises(Refused, match="demote it at east"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.apis["east"].asked() + made.apis["west"].asked() == []


def test_p1_a_promotion_without_the_word_of_the_peer_is_refused(made: World) -> None:
    made.apis["east"].reachable = False
    with pytest.raises(Refused, match="no answer"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.apis["west"].asked() == []


def test_p3_no_planned_switch_begins_while_a_copy_is_under_way(made: World) -> None:
    for pair in made.arrays.pairs.values():
        pair.status = "COPY"
    made.wait()
    with pytest.raises(Timeout, match=r"wait until group payroll is paired.*volumeStatus COPY"):
        made.provider.demote(made.group, "east")
    assert made.apis["east"].asked() == []
    made.later(60, lambda: [setattr(pair, "status", "PAIR") for pair in made.arrays.pairs.values()])
    assert made.provider.demote(made.group, "east") is True


def test_a_deleted_relationship_is_named() -> None:
    made = world()
    del made.apis["west"].objects[REPLICATION, "payroll", "disk-1"]
    with pytest.raises(NotFound, match="payroll/disk-1 has no Replication"):
        made.provider.demote(made.group, "east")
    assert made.apis["east"].asked() == []


def test_somebody_elses_word_ends_the_wait() -> None:
    made = world(volumes=1)
    made.apis["east"].stopped = True
    made.later(2, lambda: made.change("east", "spec", desiredPairState="pair"))
    with pytest.raises(Conflict, match="somebody else asked for pair"):
        made.provider.demote(made.group, "east")
