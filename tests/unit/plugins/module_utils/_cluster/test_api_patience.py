# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which answers of an API server are waited out, for how long, and which are final."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import PATIENCE
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NODE, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, DrError, Failed, NotFound, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._cluster.api_double import (
    Request,
    Response,
    answer,
    api_of,
    error_of,
    refusal,
    refused_connection,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime
from urllib3.exceptions import ConnectTimeoutError, ProtocolError, ReadTimeoutError


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_error_is_retried(time: SimulatedTime, status: int) -> None:
    api, pool = api_of(time, refusal(status, "try again"), answer(200, {"ok": True}))
    assert api.get(NODE, "worker-0") == {"ok": True}
    assert len(pool.requests) == 2


def test_a_patch_that_names_no_version_goes_on_where_the_server_gave_its_own_tries_up(time: SimulatedTime) -> None:
    """A controller that writes the object all the time makes the server answer so after five attempts of its own."""
    busy = refusal(409, "the object has been modified; please apply your changes to the latest version")
    api, pool = api_of(time, busy, busy, answer(200, {"ok": True}))
    assert api.patch(PVC, "db-0", "payroll", {"metadata": {"labels": {"tier": "db"}}}) == {"ok": True}
    assert len(pool.requests) == 3


@pytest.mark.parametrize("held", ["resourceVersion", "uid"])
def test_a_patch_for_one_state_of_an_object_is_decided_by_its_conflict(time: SimulatedTime, held: str) -> None:
    api, pool = api_of(time, refusal(409, "the object has been modified"))
    error = error_of(lambda: api.patch(PVC, "db-0", "payroll", {"metadata": {held: "7"}}))
    assert (type(error), len(pool.requests)) == (Conflict, 1)


def test_retry_after_is_honoured(time: SimulatedTime) -> None:
    api, _pool = api_of(time, answer(429, Retry_After="7"), answer(200))
    api.get(NODE, "worker-0")
    assert 7 <= time.seconds <= 8


def test_a_retry_after_beyond_our_patience_ends_at_once(time: SimulatedTime) -> None:
    api, pool = api_of(time, answer(429, Retry_After="3600"))
    error = error_of(lambda: api.get(NODE, "worker-0"))
    assert (type(error), error.status, len(pool.requests), time.seconds) == (Failed, 429, 1, 0)


def test_p10_what_does_not_pass_fails_after_our_patience_with_its_status_and_message(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refusal(503, "etcd has no leader"))
    error = error_of(lambda: api.get(NODE, "worker-0"))
    assert (type(error), error.status, error.seen) == (Failed, 503, "etcd has no leader")
    assert error.waited == time.seconds
    assert PATIENCE - 6 < time.seconds <= PATIENCE


def test_p4_who_is_asked_once_and_refuses_is_not_waited_for(time: SimulatedTime) -> None:
    api, pool = api_of(time, refused_connection())
    assert isinstance(error_of(lambda: api.raw("/version", timeout=4, once=True)), Unreachable)
    assert (len(pool.requests), time.seconds) == (1, 0)


def test_p4_who_is_asked_once_and_is_busy_answers_later(time: SimulatedTime) -> None:
    api, pool = api_of(time, refusal(503, "etcd has no leader"), answer(200, {"gitVersion": "v1"}))
    assert api.raw("/version", timeout=4, once=True) == {"gitVersion": "v1"}
    assert len(pool.requests) == 2


def test_pauses_grow_so_that_a_struggling_server_is_not_flooded(time: SimulatedTime) -> None:
    api, pool = api_of(time, refusal(503, ""))
    error_of(lambda: api.get(NODE, "worker-0"))
    assert 8 <= len(pool.requests) <= 40


@pytest.mark.parametrize(
    "failure",
    [
        refused_connection(),
        ConnectTimeoutError(None, "timed out"),
        ReadTimeoutError(None, "/", "timed out"),
        ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_p4_a_site_that_nobody_answers_for_is_unreachable_after_our_patience(
    time: SimulatedTime, failure: Exception
) -> None:
    api, _pool = api_of(time, failure)
    error = error_of(lambda: api.get(NODE, "worker-0"))
    assert (type(error), error.status) == (Unreachable, None)
    assert error.__cause__ is failure
    assert error.waited == time.seconds > PATIENCE - 6


def test_p4_a_connection_that_comes_back_is_no_error(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refused_connection(), refused_connection(), answer(200, {"ok": True}))
    assert api.get(NODE, "worker-0") == {"ok": True}


def test_p4_a_request_with_a_deadline_ends_within_it_although_connecting_hangs(time: SimulatedTime) -> None:
    def hang(request: Request) -> Response:
        time.sleep(request.timeout.connect_timeout)
        raise ConnectTimeoutError(None, "timed out")

    api, _pool = api_of(time, hang)
    error_of(lambda: api.raw("/version", timeout=8))
    assert time.seconds <= 8.2


@pytest.mark.parametrize(
    ("status", "kind", "next_step"),
    [
        (400, Failed, None),
        (401, Failed, "renew the token or certificate"),
        (403, Failed, "grant the right"),
        (404, NotFound, None),
        (409, Conflict, None),
        (410, Failed, None),
        (422, Failed, None),
    ],
)
def test_an_answer_that_repetition_cannot_change_is_final(
    time: SimulatedTime, status: int, kind: type[DrError], next_step: str | None
) -> None:
    api, pool = api_of(time, refusal(status, "no"))
    error = error_of(lambda: api.get(NODE, "worker-0"))
    assert (type(error), error.status, error.seen, len(pool.requests)) == (kind, status, "no", 1)
    assert (next_step or "") in (error.next_step or "")


def test_p10_an_admission_webhook_that_is_down_is_waited_for_and_then_named(time: SimulatedTime) -> None:
    message = (
        'Internal error occurred: failed calling webhook "mutate.example.org": failed to call webhook: Post'
        ' "https://hook.tools.svc:443/mutate": dial tcp 10.0.0.7:443: connect: connection refused'
    )
    api, pool = api_of(time, *[refusal(500, message)] * 1000)
    error = error_of(lambda: api.create(PVC, {"metadata": {"name": "db-0"}}))
    assert (error.status, error.seen, len(pool.requests) > 1) == (500, message, True)
    assert "bring its service back" in str(error.next_step)


def test_a_start_that_is_pending_already_is_not_asked_for_again_and_again(time: SimulatedTime) -> None:
    api, pool = api_of(time, refusal(500, "start request is pending"))
    assert error_of(lambda: api.put_subresource("/start", {}, "VirtualMachine/payroll/db-0")).status == 500
    assert len(pool.requests) == 1


def test_a_start_is_asked_for_again_while_virt_api_restarts(time: SimulatedTime) -> None:
    api, pool = api_of(time, refusal(503, ""), answer(202))
    api.put_subresource("/start", {}, "VirtualMachine/payroll/db-0")
    assert len(pool.requests) == 2
