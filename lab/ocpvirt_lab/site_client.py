"""A site's API by plain HTTP: many connections, no library of the product's between."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import CannotSendRequest, HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

from ocpvirt_lab.errors import LabError

CONNECTIONS = 16
# a bookmark comes every minute at the latest; a stream that is silent for longer is dead
READ_TIMEOUT = 90
PAGE = 500
JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"

Object = dict[str, Any]


class Expired(Exception):
    """410: the revision is compacted, or older than what the API server remembers."""


class SiteClient:
    """Thread-safe: `call` keeps a connection for each thread."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self._address = urlsplit(cluster["server"])
        self._headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        self._tls = _tls(kubeconfig, cluster) if self._address.scheme == "https" else None
        self._own = threading.local()

    def connect(self) -> HTTPConnection:
        assert self._address.hostname is not None
        host, port = self._address.hostname, self._address.port
        if self._tls is None:
            return HTTPConnection(host, port, timeout=READ_TIMEOUT)
        return HTTPSConnection(host, port, timeout=READ_TIMEOUT, context=self._tls)

    def open(self, connection: HTTPConnection, path: str, parameters: dict[str, str]) -> HTTPResponse:
        connection.request("GET", f"{path}?{urlencode(parameters)}", headers=self._headers)
        answer = connection.getresponse()
        if answer.status == HTTPStatus.GONE:
            raise Expired
        if answer.status != HTTPStatus.OK:
            raise HTTPException(f"GET {path}: HTTP {answer.status}: {answer.read(500).decode()}")
        return answer

    def list(self, path: str) -> tuple[list[Object], int]:
        """All items, and the revision at which they were so."""
        items: list[Object] = []
        parameters = {"limit": str(PAGE)}
        connection = self.connect()
        try:
            while True:
                body = json.load(self.open(connection, path, parameters))
                items += body["items"]
                if not (rest := body["metadata"].get("continue")):
                    return items, int(body["metadata"]["resourceVersion"])
                parameters["continue"] = rest
        finally:
            connection.close()

    def call(self, method: str, path: str, body: Any = None, content_type: str = JSON) -> bytes:
        """LabError for an answer that is no success."""
        answer, content = self._answer(method, path, body, content_type)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise LabError(f"{method} {path}: HTTP {answer.status}: {content[:500].decode()}")
        return content

    def each(self, call: Callable[[Any], object], items: Iterable[Any]) -> None:
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(call, items))

    def _answer(self, method: str, path: str, body: Any, content_type: str) -> tuple[HTTPResponse, bytes]:
        kept = getattr(self._own, "connection", None)
        if kept is not None:
            try:
                return self._sent(kept, method, path, body, content_type)
            except (ConnectionError, ssl.SSLEOFError, CannotSendRequest):
                # the server closes what was idle for long
                kept.close()
        self._own.connection = self.connect()
        return self._sent(self._own.connection, method, path, body, content_type)

    def _sent(
        self, connection: HTTPConnection, method: str, path: str, body: Any, content_type: str
    ) -> tuple[HTTPResponse, bytes]:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {**self._headers, "Content-Type": content_type})
        answer = connection.getresponse()
        return answer, answer.read()


def _tls(kubeconfig: Path, cluster: dict[str, str]) -> ssl.SSLContext:
    if data := cluster.get("certificate-authority-data"):
        return ssl.create_default_context(cadata=base64.b64decode(data).decode())
    return ssl.create_default_context(cafile=str(kubeconfig.parent / cluster["certificate-authority"]))
