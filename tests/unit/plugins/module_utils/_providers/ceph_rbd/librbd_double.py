# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ceph's bindings over images in memory: snapshots hold what an image held, and rbd-mirror writes as the real one."""

from __future__ import annotations

import copy
import errno
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

OBJECT = 2**18
USER, MIRROR, TRASH = 0, 3, 2


class RbdError(OSError):
    """As the bindings': a message and a number."""


class ImageNotFound(RbdError):
    pass


class ImageBusy(RbdError):
    pass


class ReadOnlyImage(RbdError):
    pass


@dataclass
class Stored:
    """data: objects by their number. snapshots: as `list_snaps` gives them, with the objects of then."""

    size: int = 0
    data: dict[int, bytes] = field(default_factory=dict)
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    primary: bool = False
    mode: int = 1
    told: str = 'replaying, {"local_snapshot_timestamp":1795342420}'
    features: int = 0
    locked: bool = False
    busy: int = 0


class Librbd:
    """Module `rbd`, a connection and its pool. images: by name. on_read: called before each read of an image.

    free: bytes of the pool. secret: pools in which this user may read nothing.
    """

    ImageNotFound, ImageBusy, ReadOnlyImage = ImageNotFound, ImageBusy, ReadOnlyImage
    RBD_FEATURE_LAYERING, RBD_FEATURE_EXCLUSIVE_LOCK, RBD_FEATURE_OBJECT_MAP = 1, 4, 8
    RBD_FEATURE_FAST_DIFF, RBD_FEATURE_DEEP_FLATTEN, RBD_FEATURE_JOURNALING = 16, 32, 64
    RBD_LOCK_MODE_EXCLUSIVE = 0
    RBD_MIRROR_IMAGE_MODE_JOURNAL = 0
    RBD_SNAP_NAMESPACE_TYPE_USER, RBD_SNAP_NAMESPACE_TYPE_TRASH = USER, TRASH

    def __init__(self) -> None:
        self.images: dict[str, Stored] = {}
        self.free = 2**40
        self.on_read: Callable[[str], None] = lambda _name: None
        self.created: list[str] = []
        self.secret: set[str] = set()
        self._last = 10

    # of rbd-mirror

    def mirrored(self, name: str, *objects: bytes) -> Stored:
        """An image that holds one complete mirror snapshot's data."""
        image = self.images[name] = Stored(len(objects) * OBJECT, features=1 + 4 + 8 + 16 + 64)
        self.begin_sync(name)
        self.write(name, *objects)
        self.end_sync(name)
        return image

    def begin_sync(self, name: str, peers: tuple[str, ...] = ()) -> None:
        """Its snapshot is made before the data is written, and holds what was there before."""
        self.snapshot(
            name,
            namespace=MIRROR,
            mirror={"complete": False, "mirror_peer_uuids": list(peers)},
        )

    def write(self, name: str, *objects: bytes) -> None:
        for number, content in enumerate(objects):
            self.images[name].data[number] = content.ljust(OBJECT, b"\0")
            if not content:
                del self.images[name].data[number]

    def end_sync(self, name: str) -> None:
        """The former snapshot is removed then."""
        image = self.images[name]
        image.snapshots[-1]["mirror"]["complete"] = True
        newest = image.snapshots[-1]
        image.snapshots = [item for item in image.snapshots if item is newest or not _is_pruned(item)]

    def sync(self, name: str, *objects: bytes) -> None:
        self.begin_sync(name)
        self.write(name, *objects)
        self.end_sync(name)

    def snapshot(self, name: str, **more: Any) -> int:
        self._last += 1
        image = self.images[name]
        image.snapshots.append({"id": self._last, "namespace": USER, "held": dict(image.data), **more})
        return self._last

    # of the connection

    def open_ioctx(self, pool: str) -> Any:
        return _Closing(set_namespace=lambda _namespace: None, get_pool_id=lambda: 1, pool=pool)

    def list_pools(self) -> list[str]:
        return ["rbd", *self.secret]

    def pool_reverse_lookup(self, number: int) -> str:
        return {1: "rbd", 2: "data"}[number]

    def mon_command(self, _command: str, _input: bytes, timeout: int) -> tuple[int, bytes, str]:
        pools = [{"name": name, "stats": {"max_avail": self.free}} for name in ("rbd", "data")]
        return 0, json.dumps({"pools": pools}).encode(), ""

    # of the module

    def RBD(self) -> Any:
        return SimpleNamespace(
            namespace_list=self._namespaces,
            list=self._list,
            create=self._create,
            rename=self._rename,
            remove=self._remove,
        )

    def Image(self, _context: Any, name: str, read_only: bool = False) -> _Image:
        if name not in self.images:
            raise ImageNotFound(errno.ENOENT, name)
        return _Image(self, name, self.images[name])

    def text(self, name: str) -> list[str]:
        """Of each object of an image."""
        image = self.images[name]
        return [image.data.get(number, b"").rstrip(b"\0").decode() for number in range(image.size // OBJECT)]

    def _namespaces(self, context: Any) -> list[str]:
        if context.pool in self.secret:
            raise RbdError(errno.EPERM, "error listing namespaces")
        return []

    def _list(self, _context: Any) -> list[str]:
        return list(self.images)

    def _create(self, _context: Any, name: str, size: int, order: int, features: int, **_more: Any) -> None:
        assert order == 18
        self.images[name] = Stored(size, features=features)
        self.created.append(name)

    def _rename(self, _context: Any, name: str, other: str) -> None:
        self.images[other] = self.images.pop(name)

    def _remove(self, _context: Any, name: str) -> None:
        if name not in self.images:
            raise ImageNotFound(errno.ENOENT, name)
        if self.images[name].busy:
            self.images[name].busy -= 1
            raise ImageBusy(errno.EBUSY, f"{name} has watchers")
        del self.images[name]


def _is_pruned(snapshot: dict[str, Any]) -> bool:
    return bool(snapshot.get("mirror")) and not snapshot["mirror"]["mirror_peer_uuids"]


class _Closing(SimpleNamespace):
    def __enter__(self) -> _Closing:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


class _Image:
    """A handle: it does not notice what changes at the image's snapshots."""

    def __init__(self, ceph: Librbd, name: str, image: Stored) -> None:
        self._ceph, self._name, self._image = ceph, name, image
        self._snapshots = copy.deepcopy(image.snapshots)
        self._held: dict[int, bytes] | None = None
        self._locks = False

    def __enter__(self) -> _Image:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        if self._locks:
            self._image.locked = False

    def lock_acquire(self, _mode: int) -> None:
        if self._image.locked:
            raise ReadOnlyImage(errno.EROFS, "another client has the lock")
        self._image.locked = self._locks = True

    def set_snap_by_id(self, number: int) -> None:
        (self._held,) = (item["held"] for item in self._snapshots if item["id"] == number)

    def mirror_image_get_info(self) -> dict[str, Any]:
        return {"primary": self._image.primary}

    def mirror_image_get_mode(self) -> int:
        return self._image.mode

    def mirror_image_get_status(self) -> dict[str, Any]:
        return {"description": self._image.told} if self._image.told else {}

    def list_snaps(self) -> list[dict[str, Any]]:
        return [{key: value for key, value in item.items() if key != "held"} for item in self._snapshots]

    def size(self) -> int:
        return self._image.size

    def stat(self) -> dict[str, int]:
        return {"order": 18}

    def features(self) -> int:
        return self._image.features

    def data_pool_id(self) -> int:
        return 1

    def metadata_get(self, key: str) -> str:
        return self._image.notes[key]

    def metadata_set(self, key: str, value: str) -> None:
        self._image.notes[key] = value

    def diff_iterate(
        self, offset: int, length: int, _since: None, callback: Callable[[int, int, bool], None], whole_object: bool
    ) -> None:
        assert (offset, length, whole_object) == (0, self._image.size, True)
        for number in sorted(self._objects()):
            callback(number * OBJECT, OBJECT, True)

    def read(self, offset: int, length: int) -> bytes:
        self._ceph.on_read(self._name)
        return self._objects().get(offset // OBJECT, bytes(length))

    def write(self, data: bytes, offset: int) -> None:
        assert self._image.locked
        number, start = divmod(offset, OBJECT)
        before = self._image.data.get(number, bytes(OBJECT))
        self._image.data[number] = before[:start] + data + before[start + len(data) :]

    def discard(self, offset: int, length: int) -> None:
        for number in range(offset // OBJECT, (offset + length) // OBJECT):
            self._image.data.pop(number, None)

    def flush(self) -> None:
        pass

    def _objects(self) -> dict[int, bytes]:
        return self._image.data if self._held is None else self._held
