# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are busy, silent, or late; and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Timeout, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.command import Answer
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs import http_api
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.ssh import SshControl
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.test_ssh import EAST, FACTS, WEST
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

BUSY = {"error": {"reason": "Busy", "message": "a transfer began during the promotion; try again"}}
DONE = Answer(0, b'{"changed":true}', b"")
ALLOWED = 60.0


def control(run: Callable[..., Answer], time: SimulatedTime | None = None) -> SshControl:
    return SshControl("east", "payroll", EAST, WEST, ALLOWED, run, (time or SimulatedTime()).clock())


def test_a_busy_server_is_asked_again() -> None:
    answers = [Answer(1, json.dumps(BUSY).encode(), b""), DONE]
    control(lambda *_words: answers.pop(0)).demote()
    assert answers == []


def test_a_server_whose_peer_gave_no_answer_is_not_asked_again() -> None:
    refused = {"error": {"reason": "PeerUnreachable", "message": "root@west: no answer"}}
    answers = [Answer(1, json.dumps(refused).encode(), b""), DONE]
    with pytest.raises(Unreachable, match="root@west: no answer"):
        control(lambda *_words: answers.pop(0)).demote()
    assert answers == [DONE]


@pytest.mark.parametrize("said", ["Connection refused", "Permission denied (publickey)"])
def test_p10_of_a_server_that_ssh_does_not_reach_is_said_what_to_look_at(said: str) -> None:
    with pytest.raises(Unreachable, match="next: see that the server is up and that ssh reaches it"):
        control(lambda *_words: Answer(255, b"", f"ssh: {said}".encode())).demote()


@pytest.mark.parametrize("verb", ["sync", "resync"])
def test_p10_a_transfer_that_never_ends_is_a_timeout_with_the_last_state(verb: str) -> None:
    time = SimulatedTime()

    def run(words: Sequence[str], seconds: float, _stdin: bytes = b"") -> Answer:
        if " status " in words[-1]:
            return Answer(0, json.dumps({**FACTS, "role": "secondary", "resyncing": "yes"}).encode(), b"")
        time.sleep(seconds)
        raise Unreachable("run ssh", seen="no answer", waited=seconds)

    with pytest.raises(Timeout, match=r"role secondary.*the resync has not completed.*waited 60 s.*`timeout`"):
        getattr(control(run, time), verb)()


def test_p10_by_the_api_too_a_final_sync_that_never_ends_is_a_timeout_with_the_last_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = SimulatedTime()

    def send(_site: str, _on: str, method: str, *_request: object) -> dict[str, str]:
        if method == "GET":
            return {"role": "secondary", "health": "degraded", "error": "the final sync has not completed"}
        time.sleep(ALLOWED)
        raise Unreachable("POST", seen="ReadTimeoutError")

    monkeypatch.setattr(http_api, "_send", send)
    with pytest.raises(Timeout, match=r"health degraded; the final sync has not completed.*waited 60 s"):
        http_api.HttpControl("east", "http://east", "payroll", ALLOWED, time.clock()).sync()


def test_two_servers_behind_one_name_answer_each_for_itself() -> None:
    def run(words: Sequence[str], _seconds: float, _stdin: bytes = b"") -> Answer:
        if "2201" in words:
            return Answer(255, b"", b"ssh: connect to host gate port 2201: Connection refused")
        return Answer(0, json.dumps(FACTS).encode(), b"")

    def group(name: str, port: str) -> Group:
        east = {**EAST, "ssh": "root@gate", "ssh_options": ["-p", port]}
        return Group(name, LabelSelector(), options={"sites": {"east": east, "west": WEST}})

    provider = NfsProvider({site: SiteHandle(site, plan_of(), MemoryApi, run) for site in ("east", "west")})
    found = provider.observe_all([group("silent", "2201"), group("alive", "2202")], "east")
    assert [status.reachable for status in found] == [False, True]
