# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command that ends without an answer of the agent: did it not get there, or is it wrong?"""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.command import Answer
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.test_cluster import (
    IMAGE,
    answer,
    answering,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime

API = "192.0.2.7:6443"
UNREACHED = [
    f"Unable to connect to the server: dial tcp {API}: connect: connection refused",
    f"The connection to the server {API} was refused - did you specify the right host or port?",
    f"Unable to connect to the server: dial tcp {API}: connect: no route to host",
    f"Unable to connect to the server: dial tcp {API}: i/o timeout",
    "Unable to connect to the server: net/http: TLS handshake timeout",
    "Unable to connect to the server: EOF",
    "Unable to connect to the server: context deadline exceeded",
    "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
    "Error from server: error dialing backend: dial tcp 198.51.100.3:10250: connect: no route to host",
    "error: unable to upgrade connection: EOF",
]


@pytest.mark.parametrize("said", UNREACHED)
def test_p4_a_command_that_did_not_get_there_is_a_silent_site(said: str) -> None:
    cluster, asked = answering(Answer(1, b"", f"a warning\n{said}\n".encode()))
    with pytest.raises(Unreachable, match="look at the images on the Ceph cluster at site east") as raised:
        cluster.look([IMAGE])
    assert said in str(raised.value)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, 'Error from server (NotFound): pods "rook-ceph-tools" not found'),
        (1, 'Error from server (Forbidden): pods "x" is forbidden: cannot create resource "pods/exec"'),
        (1, "error: You must be logged in to the server (Unauthorized)"),
        (1, "Unable to connect to the server: tls: failed to verify certificate: x509: unknown authority"),
        (1, "SyntaxError: unexpected EOF while parsing"),
        (1, "bash: /usr/bin/python3: Permission denied"),
        (127, "/usr/bin/python3: not found"),
        # what it started has said so, and not what leads to it
        (2, "connection refused"),
    ],
)
def test_a_command_that_is_wrong_is_not_asked_again(code: int, said: str) -> None:
    cluster, asked = answering(Answer(code, b"", said.encode()), patience=20)
    with pytest.raises(DrError) as raised:
        cluster.look([IMAGE])
    assert isinstance(raised.value, Failed)
    assert len(asked) == 1


def test_p4_an_api_server_that_restarts_under_a_verb_is_asked_again() -> None:
    gone = [Answer(1, b"", said.encode()) for said in UNREACHED[:2]]
    cluster, asked = answering(*gone, answer([{"errno": 0, "message": ""}]), patience=20)
    cluster.must("demote", [IMAGE])
    assert len(asked) == 3


def test_p4_an_api_server_that_stays_away_ends_a_verb_with_our_patience() -> None:
    cluster, _asked = answering(*[Answer(1, b"", UNREACHED[0].encode())] * 200, patience=20, time=SimulatedTime())
    with pytest.raises(Unreachable) as raised:
        cluster.must("demote", [IMAGE])
    assert 10 < (raised.value.waited or 0) <= 20


def test_an_answer_of_the_agent_counts_whatever_is_said_beside_it() -> None:
    given = answer({"pools": []})
    cluster, _asked = answering(Answer(1, given.stdout, b"connection refused"))
    assert cluster.look([]).images == {}
