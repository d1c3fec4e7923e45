# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's verbs over bindings in memory: what is tried again in one call, and what is seen after it."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import agent as ceph_rbd_agent


class Bindings:
    """Module `rbd` and a connection. answers: image to the numbers of its next promotions; then they succeed.

    on_promote: called at the beginning of each.
    """

    class ImageNotFound(OSError):
        pass

    class ReadOnlyImage(OSError):
        pass

    RBD_FEATURE_EXCLUSIVE_LOCK, RBD_FEATURE_JOURNALING = 4, 64
    RBD_LOCK_MODE_EXCLUSIVE = 0
    RBD_MIRROR_IMAGE_MODE_JOURNAL = 0

    def __init__(self) -> None:
        # of each image of the pool, as the bindings list them
        self.statuses: list[dict[str, Any]] = []
        self.answers: dict[str, list[int]] = {}
        self.promoted: list[str] = []
        # of every image
        self.mode = 1
        self.features = self.RBD_FEATURE_EXCLUSIVE_LOCK
        self.enabled: list[str] = []
        self.snapshots: list[dict[str, Any]] = []
        # whether rbd-mirror has every image, and gives it to nobody
        self.held = False
        self.taken: list[str] = []
        self.on_promote: Callable[[], object] = lambda: None

    def open_ioctx(self, _pool: str) -> Any:
        return _Closing(set_namespace=lambda _namespace: None)

    def RBD(self) -> Any:
        info = {"state": 1, "mode": self.mode, "primary": False, "global_id": "g"}
        return SimpleNamespace(
            list2=lambda _context: [{"id": status["id"], "name": status["name"]} for status in self.statuses],
            mirror_peer_list=lambda _context: [],
            mirror_mode_get=lambda _context: 1,
            mirror_uuid_get=lambda _context: "west-uuid",
            mirror_image_info_list=lambda _context: [(status["id"], info) for status in self.statuses],
            mirror_image_status_list=lambda _context: self.statuses,
        )

    def Image(self, _context: Any, name: str, read_only: bool = False) -> Any:
        return _Closing(
            mirror_image_promote=lambda _force: self._promote(name),
            mirror_image_enable=lambda _mode: self.enabled.append(name),
            features=lambda: self.features,
            update_features=lambda _features, _on: None,
            list_snaps=lambda: self.snapshots,
            mirror_image_get_mode=lambda: self.mode,
            lock_acquire=lambda _mode: self._acquire(name),
            lock_release=lambda: None,
            list_lockers=lambda: {"lockers": [("client.4137", "auto 1", "192.0.2.1")]},
            break_lock=lambda _client, _cookie: setattr(self, "held", False),
        )

    def _acquire(self, name: str) -> None:
        if self.held:
            raise self.ReadOnlyImage(errno.EROFS, "rbd-mirror has it")
        self.taken.append(name)

    def _promote(self, name: str) -> None:
        self.on_promote()
        if self.answers.get(name):
            raise OSError(self.answers[name].pop(0), "not now")
        self.promoted.append(name)


class _Closing(SimpleNamespace):
    def __enter__(self) -> _Closing:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


@pytest.fixture
def ceph(monkeypatch: pytest.MonkeyPatch) -> Bindings:
    bindings = Bindings()
    monkeypatch.setitem(sys.modules, "rbd", bindings)
    monkeypatch.setattr(ceph_rbd_agent, "PAUSE", 0.0)
    return bindings


def request(names: Iterable[str] = "abc", **more: Any) -> dict[str, Any]:
    images = [{"pool": "rbd", "namespace": "", "image": name} for name in names]
    return {"verb": "promote", "images": images, **more}


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


def test_p4_a_journaled_image_that_rbd_mirror_keeps_after_a_forced_promotion_is_taken_from_it(
    ceph: Bindings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ceph_rbd_agent, "STUCK_AFTER", 0.05)
    ceph.mode, ceph.held = 0, True
    (answer,) = ceph_rbd_agent.act(ceph, {**request("a"), "verb": "promote_forced"})
    assert (answer["errno"], ceph.held, ceph.taken) == (0, False, ["a"])


def test_p10_a_journaled_image_that_nobody_can_take_after_a_forced_promotion_is_no_success(
    ceph: Bindings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ceph_rbd_agent, "STUCK_AFTER", 0.01)
    monkeypatch.setattr(ceph_rbd_agent, "_break_lock", lambda *_args: None)
    ceph.mode, ceph.held = 0, True
    (answer,) = ceph_rbd_agent.act(ceph, {**request("a"), "verb": "promote_forced"})
    assert answer["errno"] == errno.EROFS
