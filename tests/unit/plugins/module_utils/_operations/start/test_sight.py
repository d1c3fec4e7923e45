# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.sight import Sight
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime

FORBIDDEN = Failed("GET", on="Node", seen="nodes is forbidden", status=403, next_step="grant the right")


def sight_of(time: SimulatedTime, *watches: SimpleNamespace) -> Sight:
    sight = Sight(time.clock())
    sight.watches = watches  # type: ignore[assignment]
    return sight


def seeing(error: DrError | None = None) -> SimpleNamespace:
    return SimpleNamespace(error=error)


@pytest.mark.parametrize(
    "error", [Unreachable("watch"), Failed("watch", status=503), Failed("watch", status=429)], ids=str
)
def test_time_stands_still_while_the_site_cannot_be_seen(error: DrError) -> None:
    time, blind = SimulatedTime(), seeing()
    sight = sight_of(time, seeing(), blind)
    began = sight.now()
    time.sleep(10)
    assert sight.now() - began == 10
    blind.error = error
    sight.now()
    time.sleep(600)
    assert (sight.now() - began, sight.blind) == (10, True)
    blind.error = None
    time.sleep(5)
    # nobody knows when in between it was answered again
    assert (sight.now() - began, sight.blind) == (10, False)
    time.sleep(5)
    assert sight.now() - began == 15


def test_time_goes_on_while_one_kind_is_refused() -> None:
    time, refused = SimulatedTime(), seeing(FORBIDDEN)
    sight = sight_of(time, seeing(), refused)
    began = sight.now()
    time.sleep(600)
    assert (sight.now() - began, sight.blind) == (600, False)


def test_p10_a_refusal_that_lasts_is_raised_with_what_was_seen_and_how_long() -> None:
    time, refused = SimulatedTime(), seeing(FORBIDDEN)
    sight = sight_of(time, seeing(), refused)
    sight.check()
    time.sleep(600)
    with pytest.raises(Failed, match="nodes is forbidden; HTTP status 403; waited 600 s; next: grant the right"):
        sight.check()


def test_a_server_that_has_just_started_may_refuse_for_a_moment() -> None:
    """It does not know all rights and kinds yet, and has forgotten where a watch was."""
    time, refused = SimulatedTime(), seeing(FORBIDDEN)
    sight = sight_of(time, refused)
    for _restart in range(3):
        refused.error = FORBIDDEN
        sight.check()
        time.sleep(10)
        sight.check()
        refused.error = None
        sight.check()


@pytest.mark.parametrize(
    ("seconds", "error", "explained"),
    [
        (40, Unreachable("PATCH", waited=45), True),
        (40, Failed("PATCH", status=503, waited=45), True),
        (40, Failed("PATCH", status=403, waited=45), False),
        (600, Unreachable("PATCH", waited=45), False),
    ],
    ids=["no answer", "overload", "refused", "long after it"],
)
def test_a_request_fails_of_an_outage_only_if_there_was_one_while_it_was_made(seconds, error, explained) -> None:
    time, blind = SimulatedTime(), seeing(Unreachable("watch"))
    sight = sight_of(time, blind)
    sight.now()
    blind.error = None
    time.sleep(seconds)
    sight.now()
    assert sight.explains(error) is explained


def test_a_request_without_an_answer_at_a_site_that_is_seen_fails_by_itself() -> None:
    sight = sight_of(SimulatedTime(), seeing())
    sight.now()
    assert not sight.explains(Unreachable("PATCH", waited=45))
