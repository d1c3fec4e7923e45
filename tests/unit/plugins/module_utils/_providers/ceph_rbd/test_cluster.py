# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the agent: what an answer, or none, amounts to; the agent's text itself; the blocklist's."""

from __future__ import annotations

import ast
import errno
import inspect
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    DrError,
    Failed,
    NotFound,
    Refused,
    Timeout,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import agent as ceph_rbd_agent
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.cluster import Cluster
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.fence import block, blocked, unblock
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.images import Image
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.options import Access
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.command import Answer, run_command
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime

ACCESS = Access(("sshpass", "-p", "hunter2", "ssh", "-T", "root@east"), "admin", "")
IMAGE = Image("data", "", "csi-vol-1")


def answering(
    *answers: Answer, patience: float = 0, time: SimulatedTime | None = None
) -> tuple[Cluster, list[dict[str, Any]]]:
    left = list(answers)
    asked: list[dict[str, Any]] = []

    def run(_words: Sequence[str], _seconds: float, stdin: bytes) -> Answer:
        call = stdin.decode().strip().splitlines()[-1]
        asked.append(json.loads(ast.literal_eval(call.removeprefix("serve(").removesuffix(")"))))
        return left.pop(0)

    return Cluster("east", ACCESS, run, patience, (time or SimulatedTime()).clock()), asked


def error(stage: str, code: int, message: str = "what Ceph says") -> Answer:
    return Answer(0, json.dumps({"error": {"stage": stage, "errno": code, "message": message}}).encode(), b"")


def answer(content: Any) -> Answer:
    return Answer(0, b"a banner\n" + json.dumps({"answer": content}).encode() + b"\n", b"")


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        (error("connect", errno.ETIMEDOUT), Unreachable, "connect: what Ceph says"),
        (error("connect", errno.ENOENT), Failed, "connect"),
        (error("connect", errno.EACCES), Failed, "keyring"),
        (error("read the configuration", errno.ENOENT), Failed, "read the configuration"),
        (error("load python3-rados and python3-rbd", 0, "No module named 'rados'"), Failed, "python3-rbd"),
        (error("look", errno.ETIMEDOUT), Unreachable, "look"),
        (
            answer({"pools": [{"error": {"errno": 2, "message": "no pool"}}]}),
            NotFound,
            "on pool data at site east; seen: no pool",
        ),
        (Answer(255, b"", b"ssh: connect to host east: No route to host"), Unreachable, "No route to host"),
        (Answer(-14, b"", b""), Unreachable, "exit status -14"),
        (Answer(142, b"", b""), Unreachable, "exit status 142"),
        (Answer(127, b"", b"/usr/bin/python3: not found"), Failed, "not found"),
        # a command that does not pass its standard input on
        (Answer(0, b"", b""), Failed, "oc exec -i"),
        (Answer(0, b"[1]", b""), Failed, "exit status 0"),
    ],
)
def test_what_an_answer_amounts_to(given: Answer, kind: type[DrError], text: str) -> None:
    cluster, _asked = answering(given)
    with pytest.raises(kind, match="at site east") as raised:
        cluster.look([IMAGE])
    assert text in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_an_abort_of_librbd_is_tried_again_and_no_more_than_that() -> None:
    aborted = Answer(134, b"", b"what():  boost::bad_get: failed value get using boost::get")
    cluster, asked = answering(aborted, aborted, answer([{"errno": 0, "message": ""}]))
    cluster.must("demote", [IMAGE])
    assert len(asked) == 3
    cluster, asked = answering(*[aborted] * 3)
    with pytest.raises(Failed, match="boost::bad_get"):
        cluster.must("demote", [IMAGE])
    assert len(asked) == 3


DEAF = (error("connect", errno.ETIMEDOUT), Answer(255, b"", b"Connection refused"))


def test_monitors_that_restart_under_a_verb_are_asked_again() -> None:
    done = answer([{"errno": 0, "message": ""}])
    cluster, asked = answering(*DEAF, done, DEAF[0], answer({"pools": []}), patience=20)
    cluster.must("demote", [IMAGE])
    cluster.look([])
    assert [request["do"] for request in asked] == ["act", "act", "act", "look", "look"]


def test_p4_monitors_that_stay_silent_end_a_verb_with_our_patience() -> None:
    time = SimulatedTime()
    cluster, _asked = answering(*DEAF * 100, patience=20, time=time)
    with pytest.raises(Unreachable) as raised:
        cluster.must("demote", [IMAGE])
    assert 10 < (raised.value.waited or 0) <= 20


def test_p4_a_look_at_a_site_that_may_be_dead_is_one_question() -> None:
    cluster, asked = answering(*DEAF)
    with pytest.raises(Unreachable):
        cluster.look([IMAGE])
    assert len(asked) == 1


def test_what_the_monitors_refuse_is_not_asked_again() -> None:
    cluster, asked = answering(error("connect", errno.EACCES), patience=20)
    with pytest.raises(Failed, match="keyring"):
        cluster.look([IMAGE])
    assert len(asked) == 1


def test_no_answer_in_time_is_of_the_site() -> None:
    with pytest.raises(Unreachable, match="look at the images on the Ceph cluster at site east") as raised:
        Cluster("east", Access(("sh", "-c", "sleep 60"), "admin", ""), _impatient).look([IMAGE])
    assert raised.value.waited


def test_p4_a_program_that_hangs_is_not_waited_for_by_way_of_what_it_started() -> None:
    """As a script around ssh: what it started holds its pipes."""
    with pytest.raises(Unreachable):
        run_command(["sh", "-c", "sleep 600 & wait"], 0.2)


def test_p4_what_leaves_the_session_of_a_program_that_hangs_is_not_waited_for_either() -> None:
    """As the master that ssh leaves in the background: it holds the pipes, and no signal reaches it."""
    began = time.monotonic()
    with pytest.raises(Unreachable):
        run_command(["sh", "-c", "setsid sleep 20 & wait"], 0.2)
    assert time.monotonic() - began < 15


def _impatient(words: Sequence[str], _seconds: float, stdin: bytes) -> Answer:
    return run_command(words, 0.2, stdin)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(errno.EBUSY, Refused), (errno.EROFS, Refused), (errno.EPERM, Refused), (errno.ENOENT, NotFound), (5, Failed)],
)
def test_a_verb_that_fails_names_its_image_and_how_many_more(code: int, kind: type[DrError]) -> None:
    images = [Image("data", "", name) for name in ("a", "b", "c")]
    cluster, asked = answering(answer([{"errno": 0, "message": ""}, *[{"errno": code, "message": "why"}] * 2]))
    with pytest.raises(kind, match=r"demote on image data/b, and 1 images more at site east; seen: why"):
        cluster.must("demote", images)
    assert [item["image"] for item in asked[0]["images"]] == ["a", "b", "c"]
    cluster, _asked = answering(answer([{"errno": code, "message": "why"}] * 3))
    cluster.must("demote", images, done=[code])


def test_nothing_is_asked_for_no_image() -> None:
    cluster, asked = answering()
    cluster.must("demote", [])
    assert cluster.ask("mgr", []) == []
    assert asked == []


def test_only_a_look_gives_up_on_the_osds() -> None:
    cluster, asked = answering(answer({"pools": []}), answer([{"errno": 0, "message": ""}]))
    cluster.look([])
    cluster.must("demote", [IMAGE])
    assert "rados_osd_op_timeout" in asked[0]["settings"]
    assert "rados_osd_op_timeout" not in asked[1]["settings"]


def test_a_verb_that_does_not_end_is_no_silence_of_the_site() -> None:
    cluster, _asked = answering(Answer(-14, b"", b""), patience=20)
    with pytest.raises(Timeout, match=r"promote forced .* it has not ended") as raised:
        cluster.act("promote_forced", [IMAGE], within=900)
    assert raised.value.waited == 901


def test_many_images_have_more_time_than_one() -> None:
    cluster, asked = answering(*[answer([{"errno": 0, "message": ""}] * count) for count in (1, 500)])
    cluster.act("promote", [IMAGE])
    cluster.act("promote", [Image("data", "", str(number)) for number in range(500)])
    assert asked[1]["seconds"] - asked[0]["seconds"] == 499


def test_the_agent_is_python_as_old_as_ceph_images_have() -> None:
    ast.parse(inspect.getsource(ceph_rbd_agent), feature_version=(3, 6))


def test_the_agent_says_what_the_python_there_lacks() -> None:
    """The real text in a real process."""

    def run(_words: Sequence[str], seconds: float, stdin: bytes) -> Answer:
        return run_command([sys.executable, "-I", "-S", "-"], seconds, stdin)

    cluster = Cluster("east", ACCESS, run)
    for ask in (lambda: cluster.look([IMAGE]), lambda: cluster.copy({IMAGE: IMAGE}, "payroll")):
        with pytest.raises(Failed, match="load python3-rados and python3-rbd: No module named 'rados'"):
            ask()


def test_the_agents_text_is_not_read_again_as_two_threads_at_once_may_get_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_source(_module: object) -> str:
        raise OSError("could not get source code")

    monkeypatch.setattr(inspect, "getsource", no_source)
    cluster, _asked = answering(answer({"pools": []}), answer([]))
    assert cluster.look([]).images == {}
    assert cluster.copy({}, "payroll") == {}


def test_copies_are_asked_for_round_by_round_and_answered_image_by_image() -> None:
    other = Image("data", "ns", "csi-vol-0")
    copies = {IMAGE: Image("data", "", "one"), other: Image("data", "ns", "two")}
    cluster, asked = answering(answer([{"errno": 0, "of": "one"}, {"errno": 0, "of": "two"}]))
    assert {image: item["of"] for image, item in cluster.copy(copies, "payroll").items()} == {
        IMAGE: "one",
        other: "two",
    }
    assert [(item["image"], item["copy"]) for item in asked[0]["images"]] == [
        ("csi-vol-1", "one"),
        ("csi-vol-0", "two"),
    ]
    assert asked[0]["seconds"] > asked[0]["round"]


def test_a_copy_that_could_not_be_removed_is_an_error_and_one_of_others_is_none() -> None:
    spec = {"pool": "data", "namespace": "", "image": "a"}
    stays, fails = {**spec, "errno": 0, "removed": False}, {**spec, "errno": errno.EBUSY, "message": "has watchers"}
    cluster, _asked = answering(answer([stays]), answer([]), answer([stays, fails]))
    assert [cluster.remove_copies(".dr-copy-x", "payroll") for _time in range(2)] == [False, False]
    with pytest.raises(Refused, match="remove copies on image data/a at site east; seen: has watchers") as refusal:
        cluster.remove_copies(".dr-copy-x", "payroll")
    assert "rbd status data/a" in (refusal.value.next_step or "")


def test_the_blocklist_is_two_lists_and_connections_are_no_networks() -> None:
    ranges = [{"range": "192.0.2.0:0/24", "until": "x"}, {"range": "[2001:db8::]:0/64", "until": "x"}]
    addresses = [{"addr": "198.51.100.7:0/0", "until": "x"}, {"addr": "198.51.100.8:0/123456", "until": "x"}]
    output = json.dumps(addresses) + json.dumps(ranges)
    listed = answer([{"errno": 0, "message": "", "output": output}])
    cluster, asked = answering(listed, listed, listed, answer([{"errno": 0, "message": "", "output": ""}]))
    assert blocked(cluster) == {"192.0.2.0/24", "198.51.100.7/32", "2001:db8::/64"}
    assert block(cluster, ["192.0.2.0/24"]) is False
    assert unblock(cluster, ["192.0.2.0/24", "203.0.113.0/24"]) is True
    command = asked[-1]["commands"][0]["command"]
    assert command == {"prefix": "osd blocklist", "blocklistop": "rm", "range": "range", "addr": "192.0.2.0/24"}
