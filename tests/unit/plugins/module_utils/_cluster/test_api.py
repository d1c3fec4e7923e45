# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import PATIENCE, Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, NODE, PVC, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Failed,
    NotFound,
    Refused,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError, ReadTimeoutError

TOKEN = "sha256~s3cret"
CREDENTIALS = {"authorization": f"Bearer {TOKEN}"}


@dataclass
class Response:
    status: int = 200
    data: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    chunks: tuple[bytes | Exception, ...] = ()
    closed: bool = False

    def stream(self, **_options: Any) -> Iterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def read(self) -> bytes:
        return self.data

    def close(self) -> None:
        self.closed = True


def answer(status: int, body: Any = None, **headers: str) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
    return Response(status, data, {name.replace("_", "-"): value for name, value in headers.items()})


def refusal(status: int, message: str) -> Response:
    return answer(status, {"kind": "Status", "message": message})


@dataclass
class Request:
    method: str
    url: str
    body: Any
    headers: dict[str, str]
    timeout: urllib3.Timeout

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}


class Pool:
    """Answers in turn, the last one again and again. A function stands for an answer that takes its time."""

    def __init__(self, *answers: Response | Exception | Callable[[Request], Response]) -> None:
        self._answers = list(answers)
        self.requests: list[Request] = []

    def request(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: Any = None,
        retries: Any = None,
        preload_content: bool = True,
    ) -> Response:
        assert retries is False
        request = Request(method, url, json.loads(body) if body else None, headers or {}, timeout)
        self.requests.append(request)
        given = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(given, Exception):
            raise given
        return given if isinstance(given, Response) else given(request)


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


def api_of(time: SimulatedTime, *answers: Any) -> tuple[Api, Pool]:
    pool = Pool(*answers)
    return Api("west", "https://api.west.example.org:6443/", pool, CREDENTIALS, time.clock()), pool


def refused_connection() -> NewConnectionError:
    return NewConnectionError(None, "Failed to establish a new connection: [Errno 111] Connection refused")


def error_of(call: Callable[[], object]) -> DrError:
    with pytest.raises(DrError) as error:
        call()
    return error.value


def test_an_object_is_read_from_its_path_with_the_credentials(time: SimulatedTime) -> None:
    api, pool = api_of(time, answer(200, {"spec": {}}))
    assert api.get(VM, "db-0", "payroll") == {"spec": {}}
    request = pool.requests[0]
    assert (request.method, request.url, request.headers["authorization"]) == (
        "GET",
        "https://api.west.example.org:6443/apis/kubevirt.io/v1/namespaces/payroll/virtualmachines/db-0",
        CREDENTIALS["authorization"],
    )


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_error_is_retried(time: SimulatedTime, status: int) -> None:
    api, pool = api_of(time, refusal(status, "try again"), answer(200, {"ok": True}))
    assert api.get(NODE, "worker-0") == {"ok": True}
    assert len(pool.requests) == 2


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


@pytest.mark.parametrize(
    ("message", "next_step"),
    [
        (
            'persistentvolumeclaims "db-0" is forbidden: exceeded quota: storage, requested: requests.storage=10Gi,'
            " used: requests.storage=95Gi, limited: requests.storage=100Gi",
            "raise that ResourceQuota, or free what it counts, then start again",
        ),
        (
            'persistentvolumeclaims "db-0" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but'
            " request is 10Gi",
            "change the LimitRange of the namespace, then start again",
        ),
        (
            'persistentvolumeclaims "db-0" is forbidden: unable to create new content in namespace payroll because it'
            " is being terminated",
            "the namespace is being deleted: wait until it is gone, then start again",
        ),
    ],
    ids=["quota exceeded", "limit range", "namespace terminating"],
)
def test_p10_what_is_forbidden_for_another_cause_than_a_missing_right_says_its_cause(
    time: SimulatedTime, message: str, next_step: str
) -> None:
    error = error_of(lambda: api_of(time, refusal(403, message))[0].create(PVC, {"metadata": {"name": "db-0"}}))
    assert (type(error), error.status, error.seen, error.next_step) == (Failed, 403, message, next_step)


def test_p10_an_admission_webhook_that_is_down_is_waited_for_and_then_named(time: SimulatedTime) -> None:
    message = (
        'Internal error occurred: failed calling webhook "mutate.example.org": failed to call webhook: Post'
        ' "https://hook.tools.svc:443/mutate": dial tcp 10.0.0.7:443: connect: connection refused'
    )
    api, pool = api_of(time, *[refusal(500, message)] * 1000)
    error = error_of(lambda: api.create(PVC, {"metadata": {"name": "db-0"}}))
    assert (error.status, error.seen, len(pool.requests) > 1) == (500, message, True)
    assert "bring its service back" in str(error.next_step)


def test_a_denial_by_an_admission_policy_is_a_refusal_and_no_missing_right(time: SimulatedTime) -> None:
    message = "ValidatingAdmissionPolicy 'dr-latch-payroll' with binding 'dr-latch-payroll' denied request: latch"
    error = error_of(lambda: api_of(time, refusal(403, message))[0].create(VM, {"metadata": {"name": "db-0"}}))
    assert (type(error), error.seen, error.next_step) == (Refused, message, None)


def test_p10_an_error_names_the_request_the_object_and_the_site(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refusal(404, 'virtualmachines "db-0" not found'))
    assert str(error_of(lambda: api.get(VM, "db-0", "payroll"))) == (
        "GET /apis/kubevirt.io/v1/namespaces/payroll/virtualmachines/db-0 on VirtualMachine/payroll/db-0 at site west;"
        ' seen: virtualmachines "db-0" not found; HTTP status 404'
    )


@pytest.mark.parametrize(
    "given",
    [
        refused_connection(),
        ConnectTimeoutError(None, "timed out"),
        refusal(401, "Unauthorized"),
        refusal(403, "forbidden"),
        refusal(503, "unavailable"),
        answer(502, b"<html>bad gateway</html>"),
        answer(200, b"<html>log in here</html>"),
    ],
    ids=["refused", "timeout", "401", "403", "503", "html", "login page"],
)
def test_p10_credentials_are_in_no_error(time: SimulatedTime, given: Any) -> None:
    error = error_of(lambda: api_of(time, given)[0].get(NODE, "worker-0"))
    assert TOKEN not in f"{error} {error.facts()} {error.__cause__!r}"


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f"{TOKEN}\r\nX-Other: 1", f"{TOKEN}\N{RIGHTWARDS ARROW}"], ids=ascii)
def test_p10_a_token_that_is_no_header_is_refused_without_showing_it(time: SimulatedTime, token: str) -> None:
    """The HTTP client would show it in its error."""
    headers = {"authorization": f"Bearer {token}"}
    pool = urllib3.PoolManager()
    error = error_of(lambda: Api("west", "http://127.0.0.1:1", pool, headers, time.clock()).raw("/version", timeout=1))
    assert isinstance(error, Refused)
    assert TOKEN not in f"{error} {error.facts()} {error.__cause__!r}"


def test_p10_an_answer_that_is_no_json_is_shown_shortened(time: SimulatedTime) -> None:
    error = error_of(lambda: api_of(time, answer(502, b"<html>" + b"x" * 5000))[0].get(NODE, "worker-0"))
    assert error.seen.startswith("<html>xxx")
    assert len(error.seen) == 300


def test_a_page_of_a_proxy_is_no_answer_of_the_api(time: SimulatedTime) -> None:
    error = error_of(lambda: api_of(time, answer(200, b"<html>log in here</html>"))[0].get(NODE, "worker-0"))
    assert "<html>log in here</html>" in error.seen


@pytest.mark.parametrize(("status", "found"), [(200, {"spec": {}}), (404, None)])
def test_find_gives_the_object_or_none(time: SimulatedTime, status: int, found: Any) -> None:
    assert api_of(time, answer(status, {"spec": {}}))[0].find(NODE, "worker-0") == found


def test_a_list_is_read_in_pages_and_its_items_say_what_they_are(time: SimulatedTime) -> None:
    def page(name: str, more: str) -> Response:
        return answer(
            200, {"metadata": {"resourceVersion": "7", "continue": more}, "items": [{"metadata": {"name": name}}]}
        )

    api, pool = api_of(time, page("a", "next"), page("b", ""))
    items, version = api.list_with_version(VM, "payroll", labels="tier=db")
    assert [(item["apiVersion"], item["kind"], item["metadata"]["name"]) for item in items] == [
        ("kubevirt.io/v1", "VirtualMachine", "a"),
        ("kubevirt.io/v1", "VirtualMachine", "b"),
    ]
    assert version == "7"
    assert [request.query.get("continue") for request in pool.requests] == [None, "next"]
    assert {request.query["labelSelector"] for request in pool.requests} == {"tier=db"}


@pytest.mark.parametrize("dry_run", [False, True])
def test_p9_a_dry_run_is_asked_for_and_only_then(time: SimulatedTime, dry_run: bool) -> None:
    api, pool = api_of(time, answer(201))
    api.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "b"}}, dry_run=dry_run)
    assert pool.requests[0].query.get("dryRun") == ("All" if dry_run else None)


def test_server_side_apply_names_us_as_the_manager(time: SimulatedTime) -> None:
    api, pool = api_of(time, answer(200))
    api.apply(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "b"}})
    request = pool.requests[0]
    assert request.headers["Content-Type"] == "application/apply-patch+yaml"
    assert request.query["fieldManager"] == "ocpvirt-dr"


@pytest.mark.parametrize(("status", "deleted"), [(200, True), (404, False)])
def test_delete_says_whether_something_was_there(time: SimulatedTime, status: int, deleted: bool) -> None:
    assert api_of(time, answer(status))[0].delete(CONFIG_MAP, "a", "b") is deleted


def test_p8_a_delete_with_a_uid_is_of_that_very_object(time: SimulatedTime) -> None:
    api, pool = api_of(time, answer(200))
    api.delete(CONFIG_MAP, "a", "b", uid="77aa")
    assert pool.requests[0].body["preconditions"] == {"uid": "77aa"}


def line(event: str, name: str) -> bytes:
    return json.dumps({"type": event, "object": {"metadata": {"name": name}}}).encode() + b"\n"


def watched(time: SimulatedTime, response: Response) -> list[tuple[str, str]]:
    api, _pool = api_of(time, response)
    return [(event, item["metadata"]["name"]) for event, item in api.watch(VM, "7", 30)]


EVENTS = line("ADDED", "a") + line("MODIFIED", "bé") + line("DELETED", "c")
SEEN = [("ADDED", "a"), ("MODIFIED", "bé"), ("DELETED", "c")]


@pytest.mark.parametrize("size", [1, 2, 7, 50, len(EVENTS)])
def test_events_are_read_however_their_lines_are_cut(time: SimulatedTime, size: int) -> None:
    chunks = tuple(EVENTS[start : start + size] for start in range(0, len(EVENTS), size))
    assert watched(time, Response(chunks=chunks)) == SEEN


def test_a_line_that_the_connection_cut_off_is_no_event(time: SimulatedTime) -> None:
    assert watched(time, Response(chunks=(EVENTS[:-5],))) == SEEN[:2]


def test_empty_lines_are_no_events(time: SimulatedTime) -> None:
    assert watched(time, Response(chunks=(b"\n\n", EVENTS))) == SEEN


def test_a_watch_begins_after_its_version_and_ends_by_itself(time: SimulatedTime) -> None:
    api, pool = api_of(time, Response())
    list(api.watch(VM, "7", 30, "payroll", "tier=db"))
    assert pool.requests[0].query == {
        "watch": "true",
        "resourceVersion": "7",
        "timeoutSeconds": "30",
        "allowWatchBookmarks": "true",
        "labelSelector": "tier=db",
    }


def test_a_watch_that_breaks_gives_what_arrived_and_then_says_so(time: SimulatedTime) -> None:
    api, _pool = api_of(time, Response(chunks=(line("ADDED", "a"), ProtocolError("Connection broken"))))
    events = api.watch(VM, "7", 30)
    assert next(events)[0] == "ADDED"
    assert isinstance(error_of(lambda: next(events)), Unreachable)


def test_a_watch_on_a_dead_site_is_unreachable(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refused_connection())
    assert isinstance(error_of(lambda: next(api.watch(VM, "7", 30))), Unreachable)


def test_a_watch_that_is_not_granted_says_why(time: SimulatedTime) -> None:
    api, _pool = api_of(time, refusal(403, "cannot watch"))
    error = error_of(lambda: next(api.watch(VM, "7", 30)))
    assert (error.status, error.seen) == (403, "cannot watch")


def test_the_connection_of_an_abandoned_watch_is_closed(time: SimulatedTime) -> None:
    response = Response(chunks=(EVENTS,))
    events = api_of(time, response)[0].watch(VM, "7", 30)
    next(events)
    events.close()
    assert response.closed


def test_a_header_with_several_values_is_sent_once_for_each(time: SimulatedTime) -> None:
    pool = Pool(answer(200))
    Api("west", "https://west", pool, {"Impersonate-Group": ["dr", "ops"]}, time.clock()).get(NODE, "worker-0")
    assert pool.requests[0].headers.getlist("Impersonate-Group") == ["dr", "ops"]


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


def test_of_a_list_is_kept_what_is_wanted(time: SimulatedTime) -> None:
    page = {
        "items": [{"metadata": {"name": "db-0"}}, {"metadata": {"name": "db-1"}}],
        "metadata": {"resourceVersion": "7"},
    }
    api, _pool = api_of(time, answer(200, page))
    assert api.list(VM, "payroll", keep=lambda item: item["metadata"]["name"]) == ["db-0", "db-1"]


def test_a_start_that_is_pending_already_is_not_asked_for_again_and_again(time: SimulatedTime) -> None:
    api, pool = api_of(time, refusal(500, "start request is pending"))
    assert error_of(lambda: api.put_subresource("/start", {}, "VirtualMachine/payroll/db-0")).status == 500
    assert len(pool.requests) == 1


def test_a_start_is_asked_for_again_while_virt_api_restarts(time: SimulatedTime) -> None:
    api, pool = api_of(time, refusal(503, ""), answer(202))
    api.put_subresource("/start", {}, "VirtualMachine/payroll/db-0")
    assert len(pool.requests) == 2
