# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of a site's objects that all groups share: many callers at once cause one request, not one each."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .._cluster.api import Api
from .._cluster.kinds import Kind
from .._errors import NotFound, Unsupported

View = TypeVar("View")


@dataclass
class _Slot(Generic[View]):
    """number, asked_at: of the request that brought the view."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    number: int = 0
    asked_at: float = 0.0
    view: View | None = None


class SharedReads(Generic[View]):
    """view: what is made of a list, once. remedy: for who asks a cluster that does not serve the kind.

    A caller says after which moment a list must have been asked for, so that no answer is older than the question.
    """

    def __init__(self, view: Callable[[list[dict[str, Any]]], View], remedy: str | None = None) -> None:
        self._make = view
        self._remedy = remedy
        self._slots: dict[tuple[str, str, str | None], _Slot[View]] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def moment(self) -> int:
        """Now, as moments of requests are counted."""
        return next(self._numbers)

    def read(
        self, api: Api, kind: Kind, namespace: str | None, since: int | None = None, age: float | None = None
    ) -> View:
        """A list that was asked for after the moment `since`, or after now; with age, at most so many seconds ago."""
        since = self.moment() if since is None else since
        with self._lock:
            slot = self._slots.setdefault((api.site, kind.plural, namespace), _Slot())
        with slot.lock:
            now = api.clock.monotonic()
            if slot.view is None or slot.number <= since or (age is not None and now - slot.asked_at > age):
                number = self.moment()
                slot.view = self._make(self._list(api, kind, namespace))
                slot.number, slot.asked_at = number, now
            return slot.view

    def _list(self, api: Api, kind: Kind, namespace: str | None) -> list[dict[str, Any]]:
        try:
            return api.list(kind, namespace)
        except NotFound as error:
            raise Unsupported(
                "read the replication",
                site=api.site,
                on=kind.resource,
                seen=f"the cluster does not serve {kind.api_version}: {error.seen}",
                status=error.status,
                next_step=self._remedy,
            ) from error
