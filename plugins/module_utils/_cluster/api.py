# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One site's API server over pooled connections: plain JSON in and out, retries, deadlines, errors of our tree."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from .._errors import Conflict, DrError, NotFound, Refused, Unreachable
from .._model.names import FIELD_MANAGER
from .answers import failure_of, lines_of, read_answer, unreachable
from .clock import Clock
from .kinds import Kind
from .patience import PASSING, patiently, seconds_of
from .traffic import Traffic

try:
    import urllib3
    from urllib3._collections import HTTPHeaderDict
    from urllib3.exceptions import HTTPError
except ImportError:
    # client.connect reports it: the kubernetes client depends on urllib3
    urllib3 = HTTPHeaderDict = None
    HTTPError = OSError

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"

HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
SHORTEST_TIMEOUT = 0.1
# how long one request is repeated while the server restarts or is overloaded
PATIENCE = 45.0
PAGE = 1000
# of metadata: what makes a patch hold for one state of an object only
_HELD = frozenset({"resourceVersion", "uid"})

Object = dict[str, Any]


def describe(kind: Kind, namespace: str | None, name: str | None) -> str:
    return "/".join(part for part in (kind.kind, namespace, name) if part)


class Api:
    """Requests to one site. Thread-safe. `requests` counts what was sent; `traffic` tells how that was taken."""

    def __init__(self, site: str, host: str, pool: Any, headers: Mapping[str, str], clock: Clock | None = None) -> None:
        self.site = site
        self.requests = 0
        self.traffic = Traffic()
        self.clock = clock or Clock()
        self.patience = PATIENCE
        self._host = host.rstrip("/")
        self._pool = pool
        self._headers = _checked(site, {**headers, "Accept": "application/json"})

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object:
        return self._call("GET", kind, namespace, name)

    def find(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        """The object, or None when it (or its API) is absent."""
        try:
            return self.get(kind, name, namespace)
        except NotFound:
            return None

    def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
        keep: Callable[[Object], Any] = lambda item: item,
    ) -> list[Any]:
        return self.list_with_version(kind, namespace, labels, fields, keep)[0]

    def list_with_version(
        self,
        kind: Kind,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
        keep: Callable[[Object], Any] = lambda item: item,
    ) -> tuple[list[Any], str]:
        """All objects, read in pages, and the resourceVersion that a watch can start from.

        keep: what of an object is wanted; there is never more than a page of whole ones.
        """
        items: list[Any] = []
        query = {"limit": PAGE, "labelSelector": labels, "fieldSelector": fields, "continue": None}
        while True:
            page = self._call("GET", kind, namespace, None, query=query)
            # lists leave out what is the same for every item
            items += [keep({"apiVersion": kind.api_version, "kind": kind.kind, **item}) for item in page["items"]]
            query["continue"] = page["metadata"].get("continue")
            if not query["continue"]:
                return items, page["metadata"]["resourceVersion"]

    def create(self, kind: Kind, body: Object, dry_run: bool = False, strict: bool = False) -> Object:
        """strict: refuse fields that the installed definition lacks, in place of dropping them without a word."""
        meta, query = body["metadata"], {**_dry(dry_run), **_strictly(strict)}
        return self._call("POST", kind, meta.get("namespace"), None, body=body, query=query, named=meta.get("name"))

    def replace(self, kind: Kind, body: Object) -> Object:
        """Put the object; its resourceVersion makes somebody else's change meanwhile a Conflict."""
        return self._call("PUT", kind, body["metadata"].get("namespace"), body["metadata"]["name"], body=body)

    def apply(self, kind: Kind, body: Object, force: bool = True) -> Object:
        """Server-side apply: create the object, or bring our fields of it to this; safe to repeat.

        Without force what somebody else wrote otherwise is a Conflict.
        """
        meta = body["metadata"]
        document = {"apiVersion": kind.api_version, "kind": kind.kind, **body}
        query = {"fieldManager": FIELD_MANAGER, "force": str(force).lower()}
        return self._call("PATCH", kind, meta.get("namespace"), meta["name"], document, query, APPLY)

    def patch(self, kind: Kind, name: str, namespace: str | None, body: Object, strict: bool = False) -> Object:
        """JSON merge patch. The server notes that the fields are ours. strict: as of `create`.

        One that names no version holds for whatever is there: a conflict is the server's own with another writer.
        """
        passes = None if _HELD & (body.get("metadata") or {}).keys() else _may_pass_or_conflicts
        query = {"fieldManager": FIELD_MANAGER, **_strictly(strict)}
        return self._call("PATCH", kind, namespace, name, body, query, MERGE, passes=passes)

    def delete(self, kind: Kind, name: str, namespace: str | None = None, uid: str | None = None) -> bool:
        """Whether there was something to delete. With a uid only that very object is deleted."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            self._call("DELETE", kind, namespace, name, body=body)
        except NotFound:
            return False
        return True

    def put_subresource(
        self, path: str, body: Object, on: str, expected: Callable[[DrError], bool] = lambda _error: False
    ) -> None:
        """expected: whether the caller reckons with a failure, which is no sign of a server in trouble then."""
        # the aggregated API of KubeVirt answers 406 to who accepts JSON only, and 500 where no repetition helps
        self._request(
            "PUT", path, body, {}, "application/json", on, accept="*/*", passes=_may_pass_at_virt_api, expected=expected
        )

    def raw(self, path: str, timeout: float | None = None, once: bool = False) -> Any:
        """GET of any path; timeout: seconds after which it is not tried again, in place of our patience.

        once: who does not answer is not asked again at all, only who answers that it is busy.
        """
        passes = _answers_busy if once else None
        return self._request("GET", path, None, {}, "application/json", path, timeout=timeout, passes=passes)

    def watch(
        self, kind: Kind, version: str, seconds: float, namespace: str | None = None, labels: str | None = None
    ) -> Iterator[tuple[str, Object]]:
        """Events (ADDED, MODIFIED, DELETED, BOOKMARK, ERROR) after a resourceVersion, for so many seconds at most."""
        query = {
            "watch": "true",
            "resourceVersion": version,
            "timeoutSeconds": max(1, int(seconds)),
            "allowWatchBookmarks": "true",
            "labelSelector": labels,
        }
        url = self._url(kind.path(namespace), query)
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=seconds + 5)
        self.requests += 1
        try:
            response = self._pool.request(
                "GET", url, headers=self._headers, timeout=timeout, retries=False, preload_content=False
            )
        except HTTPError as error:
            raise unreachable(self.site, "watch", describe(kind, namespace, None), error) from error
        try:
            if response.status != 200:
                raise failure_of(self.site, "watch", describe(kind, namespace, None), response.status, response.read())
            for line in lines_of(response):
                event = read_answer(self.site, "watch", describe(kind, namespace, None), response.status, line)
                yield event["type"], event["object"]
        except HTTPError as error:
            raise unreachable(self.site, "watch", describe(kind, namespace, None), error) from error
        finally:
            response.close()

    def _call(
        self,
        method: str,
        kind: Kind,
        namespace: str | None,
        name: str | None,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        named: str | None = None,
        passes: Callable[[DrError], bool] | None = None,
    ) -> Object:
        path, on = kind.path(namespace, name), describe(kind, namespace, name or named)
        return self._request(method, path, body, query or {}, content_type, on, passes=passes)

    def _url(self, path: str, query: Mapping[str, Any]) -> str:
        given = {key: value for key, value in query.items() if value is not None}
        return f"{self._host}{path}" + (f"?{urlencode(given)}" if given else "")

    def _request(
        self,
        method: str,
        path: str,
        body: Any,
        query: Mapping[str, Any],
        content_type: str,
        on: str,
        timeout: float | None = None,
        accept: str = "application/json",
        passes: Callable[[DrError], bool] | None = None,
        expected: Callable[[DrError], bool] = lambda _error: False,
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers.copy()
        headers["Accept"] = accept
        if data is not None:
            headers["Content-Type"] = content_type
        tried, url = f"{method} {path}", self._url(path, query)

        def send(left: float) -> Any:
            left = max(SHORTEST_TIMEOUT, left)
            limit = urllib3.Timeout(total=left, connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
            self.requests += 1
            began = self.clock.monotonic()
            try:
                response = self._pool.request(method, url, body=data, headers=headers, timeout=limit, retries=False)
            except HTTPError as error:
                self.traffic.note(None, 0.0)
                raise unreachable(self.site, tried, on, error) from error
            took = self.clock.monotonic() - began
            if response.status < 300:
                self.traffic.note(response.status, took)
                return read_answer(self.site, tried, on, response.status, response.data)
            failure = failure_of(self.site, tried, on, response.status, response.data)
            self.traffic.note(response.status, took, expected(failure))
            failure.retry_after = seconds_of(response.headers.get("Retry-After"))
            raise failure

        return patiently(self.clock, self.patience if timeout is None else timeout, send, passes or may_pass)


def may_pass(error: DrError) -> bool:
    """Whether the same request may succeed later."""
    return isinstance(error, Unreachable) or error.status in PASSING


def _may_pass_or_conflicts(error: DrError) -> bool:
    return may_pass(error) or isinstance(error, Conflict)


def _answers_busy(error: DrError) -> bool:
    return error.status in PASSING


def _may_pass_at_virt_api(error: DrError) -> bool:
    return may_pass(error) and error.status != 500


def _checked(site: str, headers: Mapping[str, Any]) -> Any:
    """The headers, those with several values once for each. The HTTP client would show a bad one in its error."""
    checked = HTTPHeaderDict()
    for name, given in headers.items():
        for value in given if isinstance(given, (list, tuple)) else [given]:
            if not HEADER_VALUE.fullmatch(value):
                raise Refused(
                    "read the credentials",
                    site=site,
                    on=f"header {name}",
                    seen="a line break or another character that no header may hold (the value is not shown)",
                    next_step="correct the token or name where the plan's site refers to it",
                )
            checked.add(name, value)
    return checked


def _dry(dry_run: bool) -> dict[str, Any]:
    return {"dryRun": "All"} if dry_run else {}


def _strictly(strict: bool) -> dict[str, Any]:
    return {"fieldValidation": "Strict"} if strict else {}
