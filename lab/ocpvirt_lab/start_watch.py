"""An independent witness of a start: watches VMs and VMIs by plain HTTP and keeps every event with the time it came.

with StartWatch(kubeconfig, ["payroll"]) as watch:
    ...
history = watch.history()
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

from ocpvirt_lab.errors import LabError
from ocpvirt_lab.start_history import VM, VMI, Gap, History, Seen, tell

BASE = "/apis/kubevirt.io/v1"
PLURALS = {VM: "virtualmachines", VMI: "virtualmachineinstances"}
# a bookmark comes every minute at the latest; a stream that is silent for longer is dead
READ_TIMEOUT = 90
PAUSE = 0.05
SETTLE = 30.0
STOP = 3.0
PAGE = 500
BROKEN = (HTTPException, OSError, json.JSONDecodeError)


class StartWatch:
    """namespaces: whose VMs are looked at; all when empty. Times are of time.monotonic()."""

    def __init__(self, kubeconfig: Path, namespaces: Sequence[str] = ()) -> None:
        self._site = _Site(kubeconfig)
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
            for stream in self._streams:
                stream.stop()

    def settle(self) -> None:
        """Return when all that the API server knows by now has come as an event."""
        for stream in self._streams:
            stream.settle()

    def history(self, agent: bool = False) -> History:
        """agent: only what has its guest agent connected is ready."""
        events = [event for stream in self._streams for event in stream.events]
        return tell(events, [gap for stream in self._streams for gap in stream.gaps], agent)


class _Site:
    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self._address = urlsplit(cluster["server"])
        self._headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        self._tls = _tls(kubeconfig, cluster) if self._address.scheme == "https" else None

    def connect(self) -> HTTPConnection:
        assert self._address.hostname is not None
        host, port = self._address.hostname, self._address.port
        if self._tls is None:
            return HTTPConnection(host, port, timeout=READ_TIMEOUT)
        return HTTPSConnection(host, port, timeout=READ_TIMEOUT, context=self._tls)

    def get(self, connection: HTTPConnection, path: str, parameters: dict[str, str]) -> HTTPResponse:
        connection.request("GET", f"{path}?{urlencode(parameters)}", headers=self._headers)
        answer = connection.getresponse()
        if answer.status == HTTPStatus.GONE:
            raise _Expired
        if answer.status != HTTPStatus.OK:
            raise HTTPException(f"GET {path}: HTTP {answer.status}: {answer.read(500).decode()}")
        return answer


def _tls(kubeconfig: Path, cluster: dict[str, str]) -> ssl.SSLContext:
    if data := cluster.get("certificate-authority-data"):
        return ssl.create_default_context(cadata=base64.b64decode(data).decode())
    return ssl.create_default_context(cafile=str(kubeconfig.parent / cluster["certificate-authority"]))


class _Stream(threading.Thread):
    """All events of one kind, over as many watches as it takes."""

    def __init__(self, site: _Site, kind: str, namespaces: frozenset[str]) -> None:
        super().__init__(name=f"watch {kind}", daemon=True)
        self.events: list[Seen] = []
        self.gaps: list[Gap] = []
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
                self._keep(Seen(now, revision, self._kind, key, item), changed)
        self._revision = revision

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                for event in self._watched():
                    self._take(event)
            except _Expired:
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
        items: dict[str, Any] = {}
        parameters = {"limit": str(PAGE)}
        with closing(self._site.connect()) as connection:
            while True:
                body = json.load(self._site.get(connection, self._path, parameters))
                items |= {key: item for item in body["items"] if (key := self._key(item))}
                if not (rest := body["metadata"].get("continue")):
                    return items, int(body["metadata"]["resourceVersion"])
                parameters["continue"] = rest

    def _list_again(self) -> None:
        while not self._stopped.is_set():
            try:
                self.list()
            except BROKEN:
                self._stopped.wait(PAUSE)
            else:
                break

    def _watched(self) -> Iterator[Any]:
        parameters = {"watch": "true", "resourceVersion": str(self._revision), "allowWatchBookmarks": "true"}
        with closing(self._site.connect()) as connection:
            connection.connect()
            self._socket = connection.sock
            answer = self._site.get(connection, self._path, parameters)
            while not self._stopped.is_set() and (line := answer.readline()):
                yield json.loads(line)

    def _take(self, event: dict[str, Any]) -> None:
        item = event["object"]
        if event["type"] == "ERROR":
            raise _Expired if item.get("code") == HTTPStatus.GONE else HTTPException(str(item))
        self._revision = int(item["metadata"]["resourceVersion"])
        if event["type"] != "BOOKMARK" and (key := self._key(item)):
            gone = event["type"] == "DELETED"
            self._keep(Seen(time.monotonic(), self._revision, self._kind, key, None if gone else item), self._revision)

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


class _Expired(Exception):
    """410: the revision is compacted, or older than what the API server remembers."""
