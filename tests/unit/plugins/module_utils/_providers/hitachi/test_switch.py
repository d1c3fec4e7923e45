# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned and forced switches by hitachi, and the ways back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.double import (
    REPLICATION,
    Rejected,
    Volumes,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.world import World, world
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after


@pytest.fixture(params=["pairs", "group", "group told by its pairs"])
def made(request: pytest.FixtureRequest) -> World:
    found = world(grouped=request.param != "pairs")
    for api in found.apis.values():
        api.tells_of_children = request.param == "group told by its pairs"
    return found


def killed_when(made: World, site: str, word: str) -> None:
    """The process ends right after it has asked for a word."""
    patch = made.apis[site].patch

    def deadly(*arguments: Any) -> Any:
        found = patch(*arguments)
        if (arguments[-1].get("spec") or {}).get("desiredPairState") == word:
            made.apis[site].patch = patch  # type: ignore[method-assign]
            raise Killed
        return found

    made.apis[site].patch = deadly  # type: ignore[method-assign]


def switch(made: World, source: str, target: str) -> None:
    assert made.provider.demote(made.group, source) is True
    assert made.provider.final_sync(made.group, source, target).holds
    made.provider.promote(made.group, target, forced=False)


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


def test_p3_a_switch_is_taken_back_by_a_switch(made: World) -> None:
    made.provider.demote(made.group, "east")
    made.wait()
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert (made.roles(), made.arrays.writable()) == (("primary", "secondary"), {"east"})


def licence_expired(_name: str) -> None:
    raise Rejected("the licence has expired")


def test_p3_a_failed_switch_leaves_the_source_primary_and_its_copy_following(made: World) -> None:
    """Of a copy that is still split off nobody knows who may write: the source's VMs would not be started again."""
    made.arrays.does["failover"] = licence_expired
    with pytest.raises((Timeout, TerminalState), match="the licence has expired") as raised:
        made.provider.demote(made.group, "east")
    assert "the switch was taken back: east is primary" in (raised.value.next_step or "")
    assert (made.roles(), made.arrays.writable()) == (("primary", "secondary"), {"east"})
    made.arrays.does.clear()
    made.arrays.write("east", "after the failure")
    switch(made, "east", "west")
    assert made.arrays.held("west") == {("after the failure",)}


def test_p3_a_switch_that_fails_after_it_was_killed_leaves_the_source_primary_too(made: World) -> None:
    made.apis["west"].words.discard("failover")
    killed_when(made, "west", "failover")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    with pytest.raises(Timeout, match="the switch was taken back: east is primary"):
        made.provider.demote(made.group, "east")
    assert (made.roles(), made.arrays.writable()) == (("primary", "secondary"), {"east"})
    assert made.desired("west") <= {"pair", ""}


def test_p1_a_failed_switch_is_not_taken_back_while_its_takeover_may_still_happen(made: World) -> None:
    made.later(10, lambda: setattr(made.apis["west"], "takes", 1e9))
    with pytest.raises(Timeout, match="nothing starts at either site until the same command has run"):
        made.provider.demote(made.group, "east")
    assert (made.desired("east"), made.desired("west")) == ({"split"}, {"failover"})


def test_p1_a_target_that_is_lost_within_a_switch_leaves_no_primary_until_it_answers(made: World) -> None:
    """Once its takeover was asked for."""
    west = made.apis["west"]
    made.arrays.write("east", "last words")
    patch = west.patch

    def last(*arguments: Any) -> Any:
        found = patch(*arguments)
        if (arguments[-1].get("spec") or {}).get("desiredPairState") == "failover":
            west.patch = patch  # type: ignore[method-assign]
            west.reachable, west.stopped = False, True
        return found

    west.patch = last  # type: ignore[method-assign]
    with pytest.raises(DrError, match="nothing starts at either site until the same command has run"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("unknown", "unknown")
    west.reachable, west.stopped = True, False
    switch(made, "east", "west")
    assert (made.roles(), made.arrays.held("west")) == (("secondary", "primary"), {("last words",)})


@pytest.mark.parametrize(("site", "word"), [("east", "split"), ("west", "failover"), ("west", "swap-resync")])
def test_p5_a_switch_that_was_killed_anywhere_is_completed_by_the_same_command(site: str, word: str) -> None:
    made = world(volumes=3)
    made.arrays.write("east", "before the kill")
    killed_when(made, site, word)
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    switch(made, "east", "west")
    assert (made.roles(), made.arrays.writable()) == (("secondary", "primary"), {"west"})
    assert made.arrays.held("west") == {("before the kill",)}
    assert (made.desired("east"), made.desired("west")) == ({"pair"}, {"pair"})


@pytest.mark.parametrize("seconds", [0.0, 3.0, 30.0])
@pytest.mark.parametrize("number", range(6))
def test_p5_a_switch_that_was_killed_after_any_of_its_writes_is_completed(number: int, seconds: float) -> None:
    made = world(grouped=True)
    made.arrays.write("east", "before the kill")
    with killed_after(made.apis.values(), number), pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait(seconds)
    if made.provider.observe(made.group, "east").role != "secondary":
        made.provider.demote(made.group, "east")
    made.provider.promote(made.group, "west", forced=False)
    assert (made.roles(), made.arrays.held("west")) == (("secondary", "primary"), {("before the kill",)})
    assert (made.desired("east"), made.desired("west")) == ({"pair"}, {"pair"})


@pytest.mark.parametrize(("site", "word"), [("west", "swap-resync"), ("east", "pair"), ("west", "pair")])
def test_p5_no_word_is_left_of_a_switch_that_was_killed_when_it_was_done(site: str, word: str) -> None:
    """The same command finds a source that is secondary, and promotes the target only."""
    made = world(grouped=True)
    killed_when(made, site, word)
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait()
    assert made.provider.final_sync(made.group, "east", "west").holds
    made.provider.promote(made.group, "west", forced=False)
    assert (made.desired("east"), made.desired("west")) == ({"pair"}, {"pair"})
    assert made.provider.promote(made.group, "west", forced=False) is False
    assert made.provider.observe(made.group, "east").sync_proof


def test_p5_no_word_is_left_of_a_resync_that_was_killed_when_it_was_done(made: World) -> None:
    made.forced()
    killed_when(made, "west", "swap-resync")
    with pytest.raises(Killed):
        made.provider.resync(made.group, "east")
    made.wait()
    made.arrays.copies_for_hours = True
    for pair in made.arrays.pairs.values():
        pair.status = "COPY" if pair.p == "west" else pair.status
    made.provider.resync(made.group, "east")
    assert (made.desired("east"), made.desired("west")) == ({"pair"}, {"pair"})
    assert made.provider.resync(made.group, "east") is False


def test_p5_a_site_that_has_not_looked_since_the_pair_was_turned_round_is_waited_for(made: World) -> None:
    """Both sites show a P-VOL until then."""
    made.forced()
    killed_when(made, "west", "swap-resync")
    with pytest.raises(Killed):
        made.provider.resync(made.group, "east")
    made.wait(6)
    made.provider.resync(made.group, "east")
    assert made.roles() == ("secondary", "primary")


def test_p5_a_killed_switch_can_be_taken_back() -> None:
    made = world(volumes=1)
    killed_when(made, "west", "failover")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait()
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert (made.roles(), made.arrays.writable()) == (("primary", "secondary"), {"east"})


def test_p5_a_switch_of_some_pairs_is_not_taken_back_but_completed() -> None:
    made = world()
    killed_when(made, "west", "failover")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.arrays.does["failover"] = lambda name: partly(made, name)
    made.wait(40)
    if made.provider.observe(made.group, "west").role == "unknown":
        with pytest.raises(Refused, match="a switch was cut, and is completed by that"):
            take_back(made.provider, made.group, "east", "west", forced=False)
    switch(made, "east", "west")
    assert (made.roles(), made.arrays.writable()) == (("secondary", "primary"), {"west"})


def test_p5_a_split_that_a_killed_attempt_has_left_to_its_operator_does_not_end_the_next_one(made: World) -> None:
    """It happens while the copy is waited for."""
    kind, name = made.asked_of("east")
    for (of_kind, _space, _name), item in made.apis["east"].objects.items():
        if of_kind == kind:
            item["spec"]["desiredPairState"] = "split"
    for pair in made.arrays.pairs.values():
        pair.status = "COPY"
    made.wait()
    made.apis["east"].wake(kind, name, after=20)
    made.later(40, lambda: [setattr(pair, "status", "PAIR") for pair in copying(made)])
    assert made.provider.demote(made.group, "east") is True


def test_p5_a_switch_that_was_killed_before_its_split_was_seen_is_begun_anew_at_once(made: World) -> None:
    """What the operator sees then is the word that it has done already: it does nothing."""
    killed_when(made, "east", "split")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    switch(made, "east", "west")
    assert made.roles() == ("secondary", "primary")


def test_p3_a_split_that_was_not_seen_yet_is_taken_back_with_its_switch(made: World) -> None:
    """It would be done beside VMs that run again."""
    killed_when(made, "east", "split")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    take_back(made.provider, made.group, "east", "west", forced=False)
    made.wait(60)
    assert made.roles() == ("primary", "secondary")


def copying(made: World) -> list[Volumes]:
    return [pair for pair in made.arrays.pairs.values() if pair.status == "COPY"]


def test_p3_a_source_that_was_promoted_by_force_within_its_switch_is_not_replaced_by_its_copy() -> None:
    """The other site was lost there, and its copy knows nothing of what was written since."""
    made = world(grouped=True)
    killed_when(made, "west", "failover")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait()
    assert made.provider.observe(made.group, "east").role == "unknown"
    made.apis["west"].reachable = False
    assert made.provider.promote(made.group, "east", forced=True) is True
    assert made.provider.promote(made.group, "east", forced=True) is False
    assert made.provider.observe(made.group, "east").role == "primary"
    made.arrays.write("east", "new")
    made.apis["west"].reachable = True
    assert made.provider.demote(made.group, "east") is False
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")
    assert made.arrays.held("east") == {("new",)}


def test_p3_what_was_written_to_a_split_source_goes_along(made: World) -> None:
    """Its VMs were started by hand after a switch that was killed: its split proves nothing any more."""
    killed_when(made, "east", "split")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait()
    made.arrays.write("east", "written after the split")
    switch(made, "east", "west")
    assert made.arrays.held("west") == {("written after the split",)}


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


def test_p1_a_forced_promotion_makes_both_sides_primary_and_a_resync_ends_it(made: World) -> None:
    made.arrays.write("east", "arrived")
    made.arrays.arrive()
    made.arrays.write("east", "too late")
    made.forced()
    assert made.provider.promote(made.group, "west", forced=True) is False
    assert made.roles() == ("primary", "primary")
    assert made.provider.observe(made.group, "east").health == "diverged"
    assert made.provider.demote(made.group, "east") is False
    assert made.provider.resync(made.group, "east") is True
    assert made.provider.resync(made.group, "east") is False
    assert (made.roles(), made.arrays.writable()) == (("secondary", "primary"), {"west"})
    assert made.arrays.held("east") == {("arrived",)}
    assert made.provider.observe(made.group, "east").sync_proof == ""
    switch(made, "west", "east")
    assert made.roles() == ("primary", "secondary")


def test_p1_two_primaries_are_named_and_neither_is_promoted_or_demoted(made: World) -> None:
    made.forced()
    for site in ("east", "west"):
        with pytest.raises(Refused, match=r"P-VOL, volumeStatus SSWS.*if both can be written, reprotect"):
            made.provider.promote(made.group, site, forced=False)
    assert made.provider.demote(made.group, "east") is False
    with pytest.raises(Refused, match="reprotect if both can be written"):
        made.provider.demote(made.group, "west")
    assert made.roles() == ("primary", "primary")


def test_a_copy_that_has_taken_over_is_not_replaced_and_the_refusal_says_who_could(made: World) -> None:
    made.forced()
    with pytest.raises(Refused, match="to keep what east holds: delete the pair on the array, and make it anew"):
        made.provider.resync(made.group, "west")
    assert made.roles() == ("primary", "primary")


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


def test_p4_a_forced_promotion_needs_nothing_of_the_source(made: World) -> None:
    made.arrays.linked = False
    made.apis["east"].reachable = False
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert made.provider.observe(made.group, "west").role == "primary"


def test_p4_an_operation_that_never_ends_does_not_stop_a_forced_promotion(made: World) -> None:
    """The dead array lets the copy's operator hang."""
    made.arrays.linked = False
    west, (kind, name) = made.apis["west"], made.asked_of("west")
    west._tell(kind, name, operation="pair", running=True)

    def given_up() -> None:
        west._tell(kind, name, running=False)
        west.wake(kind, name)

    made.later(20, given_up)
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert west.asked()[0] == "failover"
    assert "west" in made.arrays.writable()


def test_p1_a_forced_promotion_that_was_killed_leaves_no_secondary_until_it_is_taken_back(made: World) -> None:
    """Its operator is down, and would take over beside a source that runs again."""
    made.apis["west"].stopped = True
    killed_when(made, "west", "failover")
    with pytest.raises(Killed):
        made.provider.promote(made.group, "west", forced=True)
    assert made.roles() == ("primary", "unknown")
    for _time in range(2):
        made.provider.promote(made.group, "east", forced=False)
    assert made.roles() == ("primary", "secondary")
    made.apis["west"].stopped = False
    made.apis["west"].wake(*made.asked_of("west"))
    made.wait()
    assert "failover west" not in made.arrays.done


def test_p1_a_promotion_without_the_word_of_the_peer_is_refused(made: World) -> None:
    made.apis["east"].reachable = False
    with pytest.raises(Refused, match="no answer"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.apis["west"].asked() == []


def test_p1_a_healthy_source_is_never_resynchronised(made: World) -> None:
    with pytest.raises(Refused, match="promote west first"):
        made.provider.resync(made.group, "east")
    assert made.apis["west"].asked() == []


def test_p3_a_failover_by_somebody_else_is_no_final_sync(made: World) -> None:
    """The pair was given up by planned switches before."""
    switch(made, "east", "west")
    switch(made, "west", "east")
    made.forced()
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")
    made.provider.resync(made.group, "east")
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")


def test_a_resync_over_a_path_that_is_cut_ends_with_the_last_state(made: World) -> None:
    made.forced()
    made.arrays.linked = False
    with pytest.raises((Timeout, TerminalState), match="the remote path is blocked"):
        made.provider.resync(made.group, "east")
    made.arrays.linked = True
    assert made.provider.resync(made.group, "east") is True
    assert made.roles() == ("secondary", "primary")


def test_a_resync_that_copies_for_hours_is_not_waited_for(made: World) -> None:
    made.arrays.copies_for_hours = True
    made.forced()
    began = made.time.seconds
    assert made.provider.resync(made.group, "east") is True
    assert made.time.seconds - began < 120
    assert made.provider.resync(made.group, "east") is False
    assert made.roles() == ("secondary", "primary")
    assert made.provider.observe(made.group, "east").health == "degraded"


def test_p3_no_planned_switch_begins_while_a_copy_is_under_way(made: World) -> None:
    for pair in made.arrays.pairs.values():
        pair.status = "COPY"
    made.wait()
    with pytest.raises(Timeout, match=r"wait until group payroll is paired.*volumeStatus COPY"):
        made.provider.demote(made.group, "east")
    assert made.apis["east"].asked() == []
    made.later(60, lambda: [setattr(pair, "status", "PAIR") for pair in made.arrays.pairs.values()])
    assert made.provider.demote(made.group, "east") is True


def test_a_copy_that_was_split_off_follows_again(made: World) -> None:
    switch(made, "east", "west")
    made.wait()
    for name in made.arrays.pairs:
        made.arrays.execute("west", "split", name)
    made.wait()
    assert made.provider.resync(made.group, "east") is True
    assert made.roles() == ("secondary", "primary")


def test_a_group_that_is_partly_switched_is_named_and_completed() -> None:
    made = world(volumes=3)
    made.arrays.does["failover"] = lambda name: partly(made, name)
    with pytest.raises((Timeout, TerminalState), match=r"disk-2.*the port is down"):
        made.provider.demote(made.group, "east")
    made.wait()
    assert "partly switched" in made.provider.observe(made.group, "west").message
    made.arrays.does.clear()
    switch(made, "east", "west")
    assert (made.roles(), made.arrays.writable()) == (("secondary", "primary"), {"west"})


def partly(made: World, name: str) -> None:
    if name == "disk-2":
        raise Rejected("the port is down")
    made.arrays._failover("west", made.arrays.pairs[name])


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
