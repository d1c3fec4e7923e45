# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One watch on a kind, shared by all who wait for something there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from .._errors import DrError
from .api import Api, Object
from .kinds import Kind

WATCH_SECONDS = 30.0
ABSENT = object()


class Watch:
    """Keeps the objects of a kind up to date in the background; `changed` wakes whoever waits.

    Started with a list, then follows events; lists again when the server has forgotten the resourceVersion or the
    connection broke. `error` holds the last failure until the next success, so that a waiter can show it.
    namespaces: None for a kind that has none; the first part of its objects' keys is empty.
    """

    def __init__(
        self,
        api: Api,
        kind: Kind,
        namespaces: tuple[str, ...] | None,
        wake: threading.Condition,
        labels: str | None = None,
        keep: Callable[[Object], Any] = lambda item: item,
    ) -> None:
        self._api = api
        self._kind = kind
        self._namespaces = frozenset([None] if namespaces is None else namespaces)
        # one namespace: a narrow watch; several: one watch over all, filtered here
        self._namespace = namespaces[0] if namespaces is not None and len(namespaces) == 1 else None
        self._labels = labels
        self._keep = keep
        self._wake = wake
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"watch-{kind.plural}", daemon=True)
        self.objects: dict[tuple[str, str], Any] = {}
        self.error: DrError | None = None
        self.listed = False
        self._changed: set[tuple[str, str]] = set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def take_changed(self) -> set[tuple[str, str]]:
        """Keys of what came, changed or went since the last call. The caller holds the condition."""
        changed, self._changed = self._changed, set()
        return changed

    def _follow(self) -> None:
        version: str | None = None
        while not self._stop.is_set():
            try:
                if version is None:
                    version = self._list()
                version = self._read(version)
            except DrError as error:
                version = None
                with self._wake:
                    self.error = error
                    self._wake.notify_all()
                self._stop.wait(1.0)

    def _list(self) -> str:
        def kept(item: Object) -> tuple[tuple[str, str], Any] | None:
            return (_key(item), self._keep(item)) if self._ours(item) else None

        items, version = self._api.list_with_version(self._kind, self._namespace, self._labels, keep=kept)
        with self._wake:
            before, self.objects = self.objects, dict(filter(None, items))
            keys = before.keys() | self.objects.keys()
            self._changed |= {key for key in keys if before.get(key, ABSENT) != self.objects.get(key, ABSENT)}
            self.error = None
            self.listed = True
            self._wake.notify_all()
        return version

    def _read(self, version: str) -> str | None:
        for event, item in self._api.watch(self._kind, version, WATCH_SECONDS, self._namespace, self._labels):
            if self._stop.is_set():
                return version
            if event == "ERROR":
                return None
            version = item["metadata"]["resourceVersion"]
            if event == "BOOKMARK" or not self._ours(item):
                continue
            self._note(_key(item), ABSENT if event == "DELETED" else self._keep(item))
        return version

    def _note(self, key: tuple[str, str], state: Any) -> None:
        with self._wake:
            if self.objects.get(key, ABSENT) == state:
                # nothing that anybody keeps has changed
                return
            self._changed.add(key)
            if state is ABSENT:
                del self.objects[key]
            else:
                self.objects[key] = state
            self._wake.notify_all()

    def _ours(self, item: Object) -> bool:
        return item["metadata"].get("namespace") in self._namespaces


def await_lists(watches: Sequence[Watch], wake: threading.Condition) -> None:
    """Until each has its list; the error of one that can't have it."""
    with wake:
        while not all(watch.listed for watch in watches):
            for watch in watches:
                if watch.error:
                    raise watch.error
            wake.wait(1.0)


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]
