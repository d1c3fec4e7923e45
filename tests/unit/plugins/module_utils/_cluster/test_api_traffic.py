# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the API server took our requests, as it is counted and measured."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NODE
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._cluster.api_double import (
    Request,
    Response,
    answer,
    api_of,
    refusal,
    refused_connection,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


def test_requests_are_counted_with_their_repetitions(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refusal(503, ""), answer(200))
    api.get(NODE, "worker-0")
    assert api.requests == 2


def test_how_requests_were_taken_is_told_once(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refusal(429, ""), refusal(503, ""), refused_connection(), answer(200))
    api.get(NODE, "worker-0")
    seen = api.traffic.take()
    assert (seen.throttled, seen.errors, seen.answered) == (1, 2, 1)
    assert api.traffic.take().latency is None


def test_the_time_of_an_answer_is_measured_without_the_pauses_between_attempts(time: SimulatedTime) -> None:
    def slow(_request: Request) -> Response:
        time.sleep(1.5)
        return answer(200)

    api, _pool = api_of(time, refusal(429, ""), slow)
    api.get(NODE, "worker-0")
    assert api.traffic.take().latency == pytest.approx(1.5)


def test_a_refusal_that_will_not_pass_is_an_answer_like_others(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refusal(404, ""))
    api.find(NODE, "worker-0")
    seen = api.traffic.take()
    assert (seen.throttled, seen.errors, seen.answered) == (0, 0, 1)


@pytest.mark.parametrize(("seen", "errors"), [("start request is pending", 0), ("database is gone", 1)])
def test_an_answer_that_its_caller_expects_is_no_error(time: SimulatedTime, seen: str, errors: int) -> None:
    api, _pool = api_of(time, refusal(500, seen))
    with pytest.raises(Failed):
        api.put_subresource("/start", {}, "VM", expected=lambda error: "pending" in (error.seen or ""))
    traffic = api.traffic.take()
    assert (traffic.errors, traffic.answered) == (errors, 1 - errors)
