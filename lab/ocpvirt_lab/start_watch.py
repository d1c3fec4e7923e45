"""An independent witness of a start: watches VMs and VMIs by plain HTTP and keeps every event with the time it came.

with StartWatch(kubeconfig, ["payroll"]) as watch:
    ...
history = watch.history()
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any

from ocpvirt_lab.errors import LabError
from ocpvirt_lab.site_client import Expired, SiteClient
from ocpvirt_lab.start_history import VM, VMI, Gap, History, Seen, essence, is_ready, tell

BASE = "/apis/kubevirt.io/v1"
PLURALS = {VM: "virtualmachines", VMI: "virtualmachineinstances"}
PAUSE = 0.05
SETTLE = 30.0
STOP = 3.0
BROKEN = (HTTPException, OSError, json.JSONDecodeError)


class StartWatch:
    """namespaces: whose VMs are looked at; all when empty. Times are of time.monotonic()."""

    def __init__(self, kubeconfig: Path, namespaces: Sequence[str] = ()) -> None:
        self._site = SiteClient(kubeconfig)
        self._streams = [_Stream(self._site, kind, frozenset(namespaces)) for kind in PLURALS]

    def __enter__(self) -> StartWatch:
        """Both kinds are listed when this returns: nothing that comes later is missed."""
        for stream in self._streams:
            stream.list()
        for stream in self._streams:
            stream.start()
        return self

    def __exit__(self, *failure: object) -> None:
        try:
            if failure[0] is None:
                self.settle()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """End without a last look, as where nobody answers any more."""
        for stream in self._streams:
            stream.stop()

    @property
    def events(self) -> list[Seen]:
        return [event for stream in self._streams for event in stream.events]

    @property
    def ready(self) -> int:
        """VMs that are ready by now."""
        return sum(len(stream.up) for stream in self._streams)

    @property
    def in_flight(self) -> int:
        """VMs that were asked to start and have no guest agent yet, by now."""
        points = self.history(agent=True).points
        return points[-1].in_flight if points else 0

    def settle(self) -> None:
        """Return when all that the API server knows by now has come as an event."""
        for stream in self._streams:
            stream.settle()

    def history(self, agent: bool = False) -> History:
        """agent: only what has its guest agent connected is ready."""
        return tell(self.events, [gap for stream in self._streams for gap in stream.gaps], agent)


class _Stream(threading.Thread):
    """All events of one kind, over as many watches as it takes."""

    def __init__(self, site: SiteClient, kind: str, namespaces: frozenset[str]) -> None:
        super().__init__(name=f"watch {kind}", daemon=True)
        self.events: list[Seen] = []
        self.gaps: list[Gap] = []
        self.up: set[str] = set()
        self._site = site
        self._kind = kind
        self._namespaces = namespaces
        self._path = f"{BASE}/{PLURALS[kind]}"
        self._revision = 0
        self._known: dict[str, int] = {}
        self._stopped = threading.Event()
        self._socket: socket.socket | None = None

    def list(self) -> None:
        """The state now. What happened since the last event stays unknown, and is told to be so."""
        items, revision = self._listed()
        now = time.monotonic()
        self.gaps.append(Gap(self._kind, self._revision, revision))
        for key in self._known.keys() - items.keys():
            self._keep(Seen(now, revision, self._kind, key, None), revision)
        for key, item in items.items():
            changed = int(item["metadata"]["resourceVersion"])
            if self._known.get(key) != changed:
                self._keep(Seen(now, revision, self._kind, key, essence(item)), changed)
        self._revision = revision

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                for event in self._watched():
                    self._take(event)
            except Expired:
                self._list_again()
            except BROKEN:
                self._stopped.wait(PAUSE)

    def settle(self) -> None:
        items, revision = self._listed()
        wanted = {key: int(item["metadata"]["resourceVersion"]) for key, item in items.items()}
        deadline = time.monotonic() + SETTLE
        while self._revision < revision and not self._has(wanted):
            if time.monotonic() > deadline:
                raise LabError(f"the watch on {self._kind} came to revision {self._revision}, not to {revision}")
            time.sleep(PAUSE)

    def stop(self) -> None:
        self._stopped.set()
        if self._socket is not None:
            # ends what the thread reads
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self.join(STOP)

    def _has(self, wanted: dict[str, int]) -> bool:
        known = dict(self._known)
        return known.keys() == wanted.keys() and all(known[key] >= revision for key, revision in wanted.items())

    def _listed(self) -> tuple[dict[str, Any], int]:
        items, revision = self._site.list(self._path)
        return {key: item for item in items if (key := self._key(item))}, revision

    def _list_again(self) -> None:
        while not self._stopped.is_set():
            try:
                self.list()
            except (Expired, *BROKEN):
                self._stopped.wait(PAUSE)
            else:
                break

    def _watched(self) -> Iterator[Any]:
        parameters = {"watch": "true", "resourceVersion": str(self._revision), "allowWatchBookmarks": "true"}
        with closing(self._site.connect()) as connection:
            connection.connect()
            self._socket = connection.sock
            answer = self._site.open(connection, self._path, parameters)
            while not self._stopped.is_set() and (line := answer.readline()):
                yield json.loads(line)

    def _take(self, event: dict[str, Any]) -> None:
        item = event["object"]
        if event["type"] == "ERROR":
            raise Expired if item.get("code") == HTTPStatus.GONE else HTTPException(str(item))
        self._revision = int(item["metadata"]["resourceVersion"])
        if event["type"] != "BOOKMARK" and (key := self._key(item)):
            gone = event["type"] == "DELETED"
            seen = None if gone else essence(item)
            self._keep(Seen(time.monotonic(), self._revision, self._kind, key, seen), self._revision)

    def _key(self, item: dict[str, Any]) -> str | None:
        """Empty for what nobody looks at."""
        namespace = item["metadata"]["namespace"]
        wanted = not self._namespaces or namespace in self._namespaces
        return f"{namespace}/{item['metadata']['name']}" if wanted else None

    def _keep(self, event: Seen, changed: int) -> None:
        self.events.append(event)
        if event.object is None:
            self._known.pop(event.key, None)
        else:
            self._known[event.key] = changed
        if event.object is not None and self._kind == VMI and is_ready(event.object):
            self.up.add(event.key)
        else:
            self.up.discard(event.key)
