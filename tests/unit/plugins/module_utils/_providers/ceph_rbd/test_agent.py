# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's verbs over bindings in memory: what is tried again in one call, and what is seen after it."""

from __future__ import annotations

import errno
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import agent as ceph_rbd_agent
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.bindings import (
    Bindings,
    bindings_of,
    request,
)


@pytest.fixture
def ceph(monkeypatch: pytest.MonkeyPatch) -> Bindings:
    return bindings_of(monkeypatch)


def test_what_cannot_be_switched_yet_is_tried_again_in_the_same_call(ceph: Bindings) -> None:
    ceph.answers = {"b": [errno.EBUSY, errno.EROFS], "c": [errno.EIO]}
    answers = ceph_rbd_agent.act(ceph, request(again=5, not_yet=[errno.EBUSY, errno.EROFS]))
    assert [answer["errno"] for answer in answers] == [0, 0, errno.EIO]
    assert sorted(ceph.promoted) == ["a", "b"]


def test_p1_it_is_not_tried_for_ever_as_its_peer_is_looked_at_between(ceph: Bindings) -> None:
    ceph.answers = {"b": [errno.EBUSY] * 1_000_000}
    answers = ceph_rbd_agent.act(ceph, request(again=0.01, not_yet=[errno.EBUSY]))
    assert [answer["errno"] for answer in answers] == [0, errno.EBUSY, 0]


def test_a_verb_without_a_patience_is_said_once(ceph: Bindings) -> None:
    ceph.answers = {"b": [errno.EBUSY]}
    assert [answer["errno"] for answer in ceph_rbd_agent.act(ceph, request())] == [0, errno.EBUSY, 0]


def test_a_failure_without_a_number_is_a_failure(ceph: Bindings) -> None:
    ceph.on_promote = Mock(side_effect=[None, RuntimeError("no such verb"), None])
    done = [answer["errno"] for answer in ceph_rbd_agent.act(ceph, request())]
    assert sorted(done) == [0, 0, errno.EIO]


def test_a_switch_is_read_back_after_its_last_image(ceph: Bindings, monkeypatch: pytest.MonkeyPatch) -> None:
    ceph.answers = {"b": [errno.EBUSY]}
    monkeypatch.setattr(ceph_rbd_agent, "look", lambda *_asked: sorted(ceph.promoted))
    answer = ceph_rbd_agent.switch(ceph, request(again=5, not_yet=[errno.EBUSY]))
    assert answer["seen"] == ["a", "b", "c"]


def test_a_new_image_on_which_only_the_peer_has_reported_is_seen_as_unknown(ceph: Bindings) -> None:
    at = datetime(2026, 11, 28, 8, 20, tzinfo=UTC)
    peer = {"state": 6, "up": True, "description": "local image is primary", "last_update": at, "mirror_uuid": "east"}
    ceph.statuses = [{"id": "1", "name": "a", "remote_statuses": [peer]}]
    asked = {"pool": "rbd", "namespace": "", "images": ["a"]}
    (pool,) = ceph_rbd_agent.look(ceph, {"pools": [asked], "history": False})["pools"]
    assert "error" not in pool
    seen = pool["images"]["a"]
    assert (seen["status"]["state"], seen["status"]["up"]) == ("unknown", False)
    assert [item["state"] for item in seen["peers"]] == ["stopped"]


@pytest.mark.parametrize(("copier", "seen"), [("west-uuid", True), ("east-uuid", False)])
def test_a_first_copy_is_seen_by_the_snapshot_of_this_sites_rbd_mirror(ceph: Bindings, copier: str, seen: bool) -> None:
    """What the peer's rbd-mirror left in an image that was primary here says nothing of this copy."""
    ceph.statuses = [{"id": "1", "name": "a", "remote_statuses": []}]
    ceph.snapshots = [{"id": 24, "name": f".rbd-mirror.{copier}.ea843378-fd04-4cd9"}, {"id": 25, "name": "nightly"}]
    asked = {"pool": "rbd", "namespace": "", "images": ["a"]}
    (pool,) = ceph_rbd_agent.look(ceph, {"pools": [asked], "history": True})["pools"]
    assert pool["images"]["a"]["sync_point"] is seen


@pytest.mark.parametrize("verb", ["promote", "promote_forced"])
def test_many_images_wait_for_ceph_at_the_same_time(ceph: Bindings, verb: str) -> None:
    ceph.on_promote = threading.Barrier(256, timeout=10).wait
    answers = ceph_rbd_agent.act(ceph, {**request(names=map(str, range(512))), "verb": verb})
    assert {answer["errno"] for answer in answers} == {0}


def journal(code: int, message: str = "") -> Callable[..., Any]:
    """What `rbd journal status` answers, for `subprocess.run`."""
    return lambda words, **_more: subprocess.CompletedProcess(words, code, b"{}", message.encode())


def looked_at(ceph: Bindings) -> dict[str, Any]:
    """A pool with one image in journal mode, with history."""
    ceph.mode = 0
    ceph.statuses = [{"id": "1", "name": "a", "state": 4, "up": True, "description": "", "remote_statuses": []}]
    ceph.statuses[0]["last_update"] = datetime(2026, 11, 28, 8, 20, tzinfo=UTC)
    asked = {"pool": "rbd", "namespace": "", "images": ["a"]}
    more = {"history": True, "user": "admin", "conf": "", "settings": {}}
    (pool,) = ceph_rbd_agent.look(ceph, {"pools": [asked], **more})["pools"]
    return pool


def test_p5_an_image_that_goes_while_its_journal_is_read_is_absent(
    ceph: Bindings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in each resync, where rbd-mirror makes it anew."""
    monkeypatch.setattr(subprocess, "run", journal(errno.ENOENT, "rbd: error opening image a"))
    pool = looked_at(ceph)
    assert "error" not in pool
    assert pool["images"] == {}


@pytest.mark.parametrize(("code", "number"), [(errno.ETIMEDOUT, errno.ETIMEDOUT), (-6, errno.EIO)])
def test_p10_a_journal_that_cannot_be_read_says_why(
    ceph: Bindings, monkeypatch: pytest.MonkeyPatch, code: int, number: int
) -> None:
    monkeypatch.setattr(subprocess, "run", journal(code, "rbd: couldn't connect to the cluster!"))
    error = looked_at(ceph)["error"]
    assert error["errno"] == number
    assert "journal status" in error["message"]
    assert "couldn't connect to the cluster!" in error["message"]


def test_p10_an_image_that_takes_no_journal_is_named_with_what_it_lacks(ceph: Bindings) -> None:
    answers = ceph_rbd_agent.act(ceph, {**request("a"), "verb": "enable_journal"})
    assert (answers[0]["errno"], ceph.enabled) == (0, ["a"])
    ceph.features = 1
    (answer,) = ceph_rbd_agent.act(ceph, {**request("b"), "verb": "enable_journal"})
    assert answer["errno"] == errno.EINVAL
    assert "the feature exclusive-lock" in answer["message"]
    assert ceph.enabled == ["a"]
