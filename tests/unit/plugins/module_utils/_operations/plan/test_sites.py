# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who counts as alive: a slow site is not a dead one, whether a planned move needs it or a person has given it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.oauth import LOGIN_TIMEOUT
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import sites as plan_sites
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import (
    DECLARED_TIMEOUT,
    PROBE_TIMEOUT,
    REFUSAL_TIMEOUT,
    Reach,
    reach,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._cluster.api_double import (
    Request,
    Response,
    answer,
    api_of,
    refusal,
    refused_connection,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime, plan_of
from urllib3.exceptions import ReadTimeoutError

VERSION = answer(200, {"gitVersion": "v1.34.4"})
Look = Callable[[], Reach]


def planned() -> Reach:
    return reach(plan_of(), "east")


def given_up() -> Reach:
    return reach(plan_of(), "east", DECLARED_TIMEOUT, once=True)


class Site:
    """Its answers in turn. logins: seconds that each login was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
        self.time = SimulatedTime()
        self.logins: list[float] = []
        api, self.pool = api_of(self.time, *answers)

        def connect(_site: str, _auth: object, login_timeout: float) -> object:
            self.logins.append(login_timeout)
            return api

        monkeypatch.setattr(plan_sites, "connect", connect)
        monkeypatch.setattr(plan_sites, "resolve_auth", lambda _site, _environment: {})

    def slow(self, seconds: float) -> Callable[[Request], Response]:
        """Answers after so many seconds, to whoever waits so long."""

        def late(request: Request) -> Response:
            patience = min(request.timeout.total, request.timeout._read)  # type: ignore[type-var]
            self.time.sleep(min(seconds, patience))
            if seconds > patience:
                raise ReadTimeoutError(None, "/", "timed out")  # type: ignore[arg-type]
            return VERSION

        return late


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Site]:
    return lambda *answers: Site(monkeypatch, *answers)


@pytest.mark.parametrize(("look", "seconds"), [(planned, PROBE_TIMEOUT - 1), (given_up, 4), (given_up, 5)])
def test_p1_a_site_that_answers_each_request_slowly_is_alive(
    site: Callable[..., Site], look: Look, seconds: float
) -> None:
    found = site(VERSION)
    found.pool._answers = [found.slow(seconds)]
    assert look().state == "reachable"


def test_p4_a_site_that_is_given_up_and_says_nothing_has_no_more_than_its_time(site: Callable[..., Site]) -> None:
    found = site(VERSION)
    found.pool._answers = [found.slow(3600)]
    assert (given_up().state, found.time.seconds) == ("unreachable", pytest.approx(DECLARED_TIMEOUT, abs=0.5))


def test_p1_a_site_of_whose_front_ends_one_is_dead_is_alive(site: Callable[..., Site]) -> None:
    site(refused_connection(), VERSION)
    assert given_up().state == "reachable"


def test_p4_a_site_that_is_given_up_and_refuses_is_hardly_waited_for(site: Callable[..., Site]) -> None:
    found = site(refused_connection())
    assert given_up().state == "unreachable"
    assert found.time.seconds <= REFUSAL_TIMEOUT


def test_p3_a_site_that_a_planned_move_needs_is_waited_for_when_it_refuses(site: Callable[..., Site]) -> None:
    found = site(refused_connection())
    assert planned().state == "unreachable"
    assert REFUSAL_TIMEOUT < found.time.seconds <= PROBE_TIMEOUT


@pytest.mark.parametrize("look", [planned, given_up])
@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_p4_a_site_that_answers_with_an_error_has_failed_and_is_not_unreachable(
    site: Callable[..., Site], look: Look, status: int
) -> None:
    site(refusal(status, "no"))
    assert look().state == "failed"


@pytest.mark.parametrize("look", [planned, given_up])
@pytest.mark.parametrize(
    ("answered", "refuses"),
    [
        (refusal(401, "Unauthorized"), True),
        (refusal(403, "namespaces is forbidden"), True),
        (refusal(404, "not found"), True),
        (refusal(429, "too many requests"), True),
        # a server that is broken shows nothing, and is no proof of anything behind it
        (refusal(500, "etcd: no leader"), False),
        (refusal(503, "no endpoints"), False),
        (refused_connection(), False),
        (VERSION, False),
    ],
)
def test_p1_a_site_that_answers_and_shows_nothing_refuses(
    site: Callable[..., Site], look: Look, answered: Any, refuses: bool
) -> None:
    site(answered)
    assert look().refuses is refuses


@pytest.mark.parametrize(
    ("error", "refuses"),
    [
        (Failed("log in at the OAuth server", status=401), True),
        (Failed("log in at the OAuth server", status=503), False),
        (Unreachable("log in at the OAuth server"), False),
        # nobody was asked
        (Refused("read the credentials"), False),
        (Failed("load the certificates"), False),
    ],
)
def test_p1_who_refuses_a_login_refuses_and_who_was_not_asked_does_not(
    monkeypatch: pytest.MonkeyPatch, error: DrError, refuses: bool
) -> None:
    def connect(*_given: object) -> None:
        raise error

    monkeypatch.setattr(plan_sites, "connect", connect)
    monkeypatch.setattr(plan_sites, "resolve_auth", lambda _site, _environment: {})
    assert given_up().refuses is refuses


@pytest.mark.parametrize(("look", "seconds"), [(planned, LOGIN_TIMEOUT), (given_up, DECLARED_TIMEOUT)])
def test_p3_a_login_takes_nothing_of_the_time_of_a_site_that_a_planned_move_needs(
    site: Callable[..., Site], look: Look, seconds: float
) -> None:
    found = site(VERSION)
    look()
    assert found.logins == [seconds]
