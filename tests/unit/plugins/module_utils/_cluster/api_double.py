# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection pool that answers as it is told, and an Api on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime
from urllib3.exceptions import NewConnectionError

TOKEN = "sha256~s3cret"
CREDENTIALS = {"authorization": f"Bearer {TOKEN}"}


@dataclass
class Response:
    status: int = 200
    data: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    chunks: tuple[bytes | Exception, ...] = ()
    closed: bool = False

    def stream(self, **_options: Any) -> Iterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def read(self) -> bytes:
        return self.data

    def close(self) -> None:
        self.closed = True


def answer(status: int, body: Any = None, **headers: str) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
    return Response(status, data, {name.replace("_", "-"): value for name, value in headers.items()})


def refusal(status: int, message: str) -> Response:
    return answer(status, {"kind": "Status", "message": message})


@dataclass
class Request:
    method: str
    url: str
    body: Any
    headers: dict[str, str]
    timeout: urllib3.Timeout

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}


class Pool:
    """Answers in turn, the last one again and again. A function stands for an answer that takes its time."""

    def __init__(self, *answers: Response | Exception | Callable[[Request], Response]) -> None:
        self._answers = list(answers)
        self.requests: list[Request] = []

    def request(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: Any = None,
        retries: Any = None,
        preload_content: bool = True,
    ) -> Response:
        assert retries is False
        request = Request(method, url, json.loads(body) if body else None, headers or {}, timeout)
        self.requests.append(request)
        given = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(given, Exception):
            raise given
        return given if isinstance(given, Response) else given(request)


def api_of(time: SimulatedTime, *answers: Any) -> tuple[Api, Pool]:
    pool = Pool(*answers)
    return Api("west", "https://api.west.example.org:6443/", pool, CREDENTIALS, time.clock()), pool


def refused_connection() -> NewConnectionError:
    return NewConnectionError(None, "Failed to establish a new connection: [Errno 111] Connection refused")


def error_of(call: Callable[[], object]) -> DrError:
    with pytest.raises(DrError) as error:
        call()
    return error.value
