# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.budget import (
    Claim,
    Silence,
    decide_claim,
    fair_shares,
)
from hypothesis import given, settings
from hypothesis import strategies as st

EVERY = settings(max_examples=200, deadline=None, derandomize=True, database=None)
MINE = Claim(priority=3, budget=8, most=20, expires=360, holder="r-1#1")


def claim(need: int, grant: int = 0, priority: int = 3, budget: int = 8, holder: str = "r-2#1") -> Claim:
    return Claim(priority, budget, 20, 360, holder, need=need, grant=grant)


@pytest.mark.parametrize(
    ("budget", "claims", "shares"),
    [
        (8, {"a": (20, 3)}, {"a": 8}),
        (8, {"a": (20, 3), "b": (20, 3)}, {"a": 4, "b": 4}),
        (9, {"a": (20, 3), "b": (20, 3)}, {"a": 5, "b": 4}),
        (8, {"a": (20, 3), "b": (2, 3)}, {"a": 6, "b": 2}),
        (8, {"a": (2, 3), "b": (1, 3)}, {"a": 2, "b": 1}),
        (8, {"a": (0, 3), "b": (20, 3)}, {"a": 0, "b": 8}),
        (8, {"a": (20, 2), "b": (20, 3)}, {"a": 5, "b": 3}),
        (40, {"a": (90, 1), "b": (90, 3), "c": (90, 5)}, {"a": 29, "b": 8, "c": 3}),
        (2, {"a": (20, 5), "b": (20, 3), "c": (20, 1)}, {"a": 0, "b": 1, "c": 1}),
    ],
    ids=[
        "alone",
        "two",
        "odd",
        "little",
        "little of both",
        "nothing",
        "half the weight",
        "five priorities",
        "too many",
    ],
)
def test_what_is_fair(budget, claims, shares) -> None:
    assert fair_shares(budget, {key: claim(need, priority=rank) for key, (need, rank) in claims.items()}) == shares


needs = st.dictionaries(
    st.sampled_from("abcdefgh"), st.builds(claim, st.integers(0, 30), priority=st.integers(1, 5)), min_size=1
)


@EVERY
@given(st.integers(1, 60), needs)
def test_shares_use_the_whole_budget_and_no_more(budget, claims) -> None:
    shares = fair_shares(budget, claims)
    assert sum(shares.values()) == min(budget, sum(item.need for item in claims.values()))


@EVERY
@given(st.integers(1, 60), needs)
def test_a_plan_of_a_higher_priority_gets_no_less_than_one_that_needs_as_much(budget, claims) -> None:
    shares = fair_shares(budget, claims)
    for key, item in claims.items():
        for other, against in claims.items():
            if item.priority < against.priority and item.need >= against.need:
                assert shares[key] >= shares[other]


@EVERY
@given(st.integers(1, 60), needs)
def test_nobody_starves_while_the_budget_has_one_for_each(budget, claims) -> None:
    shares = fair_shares(budget, claims)
    if sum(item.need > 0 for item in claims.values()) <= budget:
        assert all(shares[key] > 0 for key, item in claims.items() if item.need)


def test_only_what_no_other_claim_holds_is_taken() -> None:
    decided = decide_claim("me", claim(20), {"other": claim(20, grant=6)})
    assert (decided.limit, decided.claim.grant) == (2, 2)


def test_what_is_in_flight_is_kept_until_it_is_ready_and_not_followed() -> None:
    wanted = Claim(3, 8, 20, 360, "r-1#1", need=20, in_flight=7)
    decided = decide_claim("me", wanted, {"me": claim(20, grant=8), "other": claim(20)})
    assert (decided.limit, decided.claim.grant) == (4, 7)


def test_what_nobody_waits_for_is_not_given_up() -> None:
    decided = decide_claim("me", claim(1), {"me": claim(20, grant=6), "other": claim(2, grant=2)})
    assert (decided.limit, decided.claim.grant) == (6, 6)


def test_where_plans_differ_the_smallest_budget_holds() -> None:
    decided = decide_claim("me", claim(20, budget=30), {"other": claim(5, grant=5, budget=8)})
    assert decided.limit == 3


def test_p6_a_claim_expires_by_our_clock_when_it_was_not_renewed() -> None:
    silence, claims = Silence(), {"other": MINE}
    for now in (1000.0, 1200.0, 1359.0):
        silence.observe(claims, now, now)
        assert silence.expired(claims) == []
    silence.observe(claims, 1360.0, 1360.0)
    assert silence.expired(claims) == ["other"]


def test_p6_a_renewal_begins_the_silence_anew() -> None:
    silence = Silence()
    silence.observe({"other": MINE}, 0.0, 0.0)
    renewed = {"other": Claim(3, 8, 20, 360, "r-1#1", renewed=1)}
    silence.observe(renewed, 359.0, 359.0)
    silence.observe(renewed, 700.0, 700.0)
    assert silence.expired(renewed) == []


def test_p6_a_silence_that_an_earlier_process_saw_goes_on() -> None:
    earlier, claims = Silence(), {"other": MINE}
    for now in (0.0, 300.0):
        earlier.observe(claims, now, now)
    later = Silence(seen=dict(earlier.seen))
    for now in (7.0, 67.0):
        later.observe(claims, now, now)
    assert later.expired(claims) == ["other"]


def test_p6_while_a_read_is_under_way_nothing_is_known_of_the_claim() -> None:
    silence, claims = Silence(), {"other": MINE}
    silence.observe(claims, 0.0, 45.0)
    silence.observe(claims, 360.0, 400.0)
    assert silence.expired(claims) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("grant", "8"),
        ("grant", -1),
        ("grant", 2.5),
        ("grant", True),
        ("holder", 1),
        ("budget", 0),
        ("priority", 6),
        ("priority", "1"),
    ],
)
def test_what_is_no_claim_is_refused(key, value) -> None:
    with pytest.raises(ValueError, match="not a claim"):
        Claim.from_dict({**MINE.as_dict(), key: value})


def test_a_claim_that_lacks_something_is_refused() -> None:
    with pytest.raises(ValueError, match="not a claim"):
        Claim.from_dict({"grant": 8})


def test_a_claim_is_read_back_as_it_was_written() -> None:
    assert Claim.from_dict({**MINE.as_dict(), "of a later version": 1}) == MINE
