# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ceph's bindings as the agent's verbs use them, over images that hold nothing."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import agent as ceph_rbd_agent

OWN, RBD_MIRROR = 4200, 4137


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
        self.primary = False
        self.features = self.RBD_FEATURE_EXCLUSIVE_LOCK
        self.enabled: list[str] = []
        self.snapshots: list[dict[str, Any]] = []
        # the client that has the lock of every image, and gives it to nobody; empty: nobody has it
        self.owner = ""
        # whether that client gives it up when it is asked
        self.gives = False
        self.broken: list[str] = []
        # ids of the clients that have each image open
        self.watchers = [OWN]
        self.events: list[str] = []
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
            size=lambda: 2**30,
            features=lambda: self.features,
            update_features=lambda _features, _on: None,
            list_snaps=lambda: self.snapshots,
            mirror_image_get_mode=lambda: self.mode,
            lock_acquire=lambda _mode: self._acquire(name),
            lock_release=lambda: self.events.append(f"release {name}"),
            flush=lambda: self.events.append(f"flush {name}"),
            watchers_list=lambda: [{"id": number} for number in self.watchers],
            mirror_image_get_info=lambda: {"primary": self.primary},
            mirror_image_get_instance_id=lambda: RBD_MIRROR,
            list_lockers=lambda: {"lockers": [(self.owner, "auto 1", "192.0.2.1")]} if self.owner else [],
            break_lock=lambda client, _cookie: self._break(client),
        )

    def get_instance_id(self) -> int:
        return OWN

    def _break(self, client: str) -> None:
        self.broken.append(client)
        self.owner = ""

    def _acquire(self, name: str) -> None:
        if self.owner and not self.gives:
            raise self.ReadOnlyImage(errno.EROFS, "rbd-mirror has it")
        self.owner = ""
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


def bindings_of(monkeypatch: pytest.MonkeyPatch) -> Bindings:
    """In the place of the real ones."""
    found = Bindings()
    monkeypatch.setitem(sys.modules, "rbd", found)
    monkeypatch.setattr(ceph_rbd_agent, "PAUSE", 0.0)
    return found


def request(names: Iterable[str] = "abc", **more: Any) -> dict[str, Any]:
    images = [{"pool": "rbd", "namespace": "", "image": name} for name in names]
    return {"verb": "promote", "images": images, **more}
