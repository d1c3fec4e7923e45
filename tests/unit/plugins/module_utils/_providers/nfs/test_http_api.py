# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control over HTTP against a server that fails in turn."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Failed,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unreachable,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.http_api import PATIENCE, HttpControl
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

HEALTHY = {"role": "secondary", "health": "healthy", "direction": "incoming", "error": "", "resyncing": False}


@dataclass
class Said:
    """One answer; a status of 0 is a connection that breaks."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def reason(status: int, name: str) -> Said:
    return Said(status, {"error": {"reason": name, "message": f"because of {name}"}})


class Server:
    """Answers in turn, the last one again and again."""

    def __init__(self) -> None:
        self.answers: list[Said] = []
        self.requests: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.requests.append(f"{self.command} {self.path}")
                said = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
                if not said.status:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                data = json.dumps(said.body).encode()
                self.send_response(said.status)
                for header, value in {**said.headers, "Content-Length": str(len(data))}.items():
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_words: Any) -> None:
                """The test's output is not for it."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def end(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.end()


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


def control(server: Server, time: SimulatedTime, *answers: Said) -> HttpControl:
    server.answers = list(answers)
    return HttpControl("west", server.url, "payroll", transfer=60, clock=time.clock())


def provider(server: Server) -> tuple[NfsProvider, list[Group]]:
    """With two groups on one server. The other site's is off."""
    sites = {"east": {"control": "http://127.0.0.1:1"}, "west": {"control": server.url}}
    groups = [Group(name, LabelSelector(), options={"sites": sites}) for name in "ab"]
    return NfsProvider({site: SiteHandle(site, plan_of(), MemoryApi) for site in sites}), groups


def exports(**of_all: Any) -> Said:
    return Said(body={"exports": [{**HEALTHY, "name": name, "paused": False, **of_all} for name in "ab"]})


def promoted(paused: bool = False) -> Said:
    return Said(body={**HEALTHY, "role": "primary", "paused": paused})


def error_of(call: Callable[[], object]) -> DrError:
    with pytest.raises(DrError) as error:
        call()
    return error.value


@pytest.mark.parametrize(
    "burst",
    [Said(429), Said(500), Said(502), Said(503), Said(504), reason(409, "Busy"), Said(0)],
    ids=["429", "500", "502", "503", "504", "409 busy", "broken connection"],
)
def test_a_verb_sits_a_burst_of_errors_out(server: Server, time: SimulatedTime, burst: Said) -> None:
    control(server, time, burst, burst, burst, Said()).promote(forced=False)
    assert server.requests == ["POST /v1/exports/payroll/promote"] * 4


def test_a_copy_is_asked_for_by_its_name_and_removed_once(server: Server, time: SimulatedTime) -> None:
    made = {"path": "/dr/payroll-copy", "taken": None}
    asked = control(server, time, Said(body=made), Said(), reason(404, "NotFound"))
    assert asked.clone("rehearsal") == made
    assert (asked.unclone("rehearsal"), asked.unclone("rehearsal")) == (True, False)
    assert {path.split()[1] for path in server.requests} == {"/v1/exports/payroll/clones/rehearsal"}


@pytest.mark.parametrize("status", [404, 405])
def test_p10_a_server_whose_api_has_no_clones_is_told_as_that(server: Server, time: SimulatedTime, status: int) -> None:
    asked = control(server, time, Said(status))
    error = error_of(lambda: asked.clone("rehearsal"))
    assert (type(error), bool(error.next_step)) == (Unsupported, True)
    assert not asked.unclone("rehearsal")


def test_a_verb_waits_as_long_as_the_server_asks(server: Server, time: SimulatedTime) -> None:
    control(server, time, Said(429, headers={"Retry-After": "7"}), Said()).demote()
    assert 7 <= time.seconds <= 8


def test_a_server_that_is_being_restarted_is_waited_for(server: Server, time: SimulatedTime) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    asked = HttpControl("west", nobody, "payroll", transfer=60, clock=time.clock())
    time.at(5, lambda: setattr(asked, "_url", f"{server.url}/v1/exports/payroll"))
    server.answers = [Said(body=HEALTHY)]
    assert asked.status() == HEALTHY
    assert 5 <= time.seconds < PATIENCE


@pytest.mark.parametrize("burst", [Said(503), reason(409, "Busy"), Said(0)], ids=["503", "409 busy", "broken"])
def test_p10_errors_without_an_end_are_told_after_our_patience(
    server: Server, time: SimulatedTime, burst: Said
) -> None:
    error = error_of(lambda: control(server, time, burst).demote())
    assert isinstance(error, (Failed, Conflict, Unreachable))
    assert PATIENCE - 6 < (error.waited or 0) <= PATIENCE
    assert len(server.requests) < 30


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (reason(404, "NotFound"), NotFound),
        (reason(409, "NotSecondary"), Refused),
        (reason(409, "PeerUnreachable"), Unreachable),
        (reason(409, "PeerIsPrimary"), Refused),
        (reason(409, "NotSynced"), Refused),
        (reason(409, "Diverged"), TerminalState),
        (reason(400, "Invalid"), Failed),
        (Said(403), Failed),
    ],
)
def test_what_the_server_means_is_said_at_once(
    server: Server, time: SimulatedTime, said: Said, kind: type[DrError]
) -> None:
    error = error_of(lambda: control(server, time, said).promote(forced=False))
    assert (type(error), error.site, error.on, len(server.requests)) == (kind, "west", "export payroll", 1)


def test_p4_a_look_does_not_wait_for_a_server_that_refuses_connections(time: SimulatedTime) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        asked = HttpControl(
            "east", f"http://127.0.0.1:{reserved.getsockname()[1]}", "payroll", transfer=60, clock=time.clock()
        )
        assert isinstance(error_of(asked.look), Unreachable)
    assert time.seconds == 0


def test_p4_a_look_at_a_lost_site_has_no_more_time_than_that_site() -> None:
    """One that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        control = HttpControl("west", url, "db", 60, patience=0.05)
        with pytest.raises(Unreachable, match=r"timeout=0\.0\d"):
            control.look()


def test_a_look_asks_a_busy_server_again(server: Server, time: SimulatedTime) -> None:
    assert control(server, time, Said(429), Said(500), Said(body=HEALTHY)).look() == HEALTHY


def test_p4_a_look_at_a_server_that_stays_busy_ends_in_time(server: Server, time: SimulatedTime) -> None:
    error = error_of(lambda: control(server, time, Said(503)).look())
    assert (type(error), error.status) == (Failed, 503)
    assert time.seconds <= 5


@pytest.mark.parametrize("groups_asked", [1, 2])
@pytest.mark.parametrize(("status", "reachable"), [(0, False), (403, True)])
def test_p4_a_server_that_answers_with_an_error_is_not_silent(
    server: Server, status: int, reachable: bool, groups_asked: int
) -> None:
    nfs, groups = provider(server)
    server.answers = [Said(status)]
    seen = nfs.observe_all(groups[:groups_asked], "west")
    assert [(found.role, found.reachable) for found in seen] == [("unknown", reachable)] * groups_asked


def test_p4_a_resync_that_never_converges_says_what_was_seen_last(server: Server, time: SimulatedTime) -> None:
    waits = {**HEALTHY, "resyncing": True, "health": "degraded", "error": "no answer from east"}
    error = error_of(lambda: control(server, time, Said(), Said(body=waits)).resync())
    assert isinstance(error, Timeout)
    assert error.seen == "health degraded no answer from east"
    assert 60 <= time.seconds < 70


def test_a_resync_that_fails_for_good_ends_at_once(server: Server, time: SimulatedTime) -> None:
    failed = {**HEALTHY, "health": "error", "error": "the disk is full"}
    error = error_of(lambda: control(server, time, Said(), Said(body=failed)).resync())
    assert (type(error), error.seen, time.seconds) == (TerminalState, "the disk is full", 0)


def test_many_groups_of_a_server_cost_one_request_each_and_one_look(server: Server) -> None:
    nfs, groups = provider(server)
    server.answers = [exports(), promoted()]
    assert nfs.promote_all(groups, "west", forced=False) == [True, True]
    assert server.requests[0] == "GET /v1/exports"
    assert sorted(server.requests[1:]) == ["POST /v1/exports/a/promote", "POST /v1/exports/b/promote"]


def test_p5_groups_that_are_primary_already_are_left_alone(server: Server) -> None:
    nfs, groups = provider(server)
    server.answers = [exports(role="primary")]
    assert nfs.promote_all(groups, "west", forced=False) == [False, False]
    assert server.requests == ["GET /v1/exports"]


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_the_pause_that_fenced_a_group_ends_when_it_is_primary(server: Server, role: str) -> None:
    nfs, groups = provider(server)
    server.answers = [exports(role=role, paused=True), promoted(paused=True)]
    assert nfs.promote_all(groups, "west", forced=False) == [True, True]
    assert {"POST /v1/exports/a/resume", "POST /v1/exports/b/resume"} <= set(server.requests)


@pytest.mark.parametrize(
    ("said", "is_there"),
    [
        (Said(body={**HEALTHY, "peer": "192.0.2.10:8049"}), True),
        (Said(body={**HEALTHY, "role": "primary", "peer": "192.0.2.10:8049"}), True),
        # its VMs go on, and it replicates to nobody
        (Said(body={**HEALTHY, "role": "primary", "peer": ""}), False),
        (reason(404, "NotFound"), False),
    ],
)
def test_what_there_is_to_take_back_is_told_without_a_change(server: Server, said: Said, is_there: bool) -> None:
    nfs, (group, _other) = provider(server)
    server.answers = [said]
    assert nfs.enabled(group, "west") is is_there
    assert {request.split()[0] for request in server.requests} == {"GET"}


def test_a_server_that_fails_is_no_end_of_replication(server: Server) -> None:
    nfs, (group, _other) = provider(server)
    server.answers = [Said(403, {"error": {"reason": "Forbidden", "message": "not yours"}})]
    with pytest.raises(DrError):
        nfs.enabled(group, "west")
