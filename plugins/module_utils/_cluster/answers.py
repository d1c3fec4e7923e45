# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server's answer says, or that there was none, as JSON or as an error of our tree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .._errors import Conflict, DrError, Failed, NotFound, Refused, Unreachable
from .remedies import next_step_after

STRICT = "strict decoding error"


def read_answer(site: str, tried: str, on: str, status: int, content: bytes) -> Any:
    """Its JSON, {} where it is empty; Failed where it is none."""
    try:
        return json.loads(content) if content else {}
    except ValueError as error:
        raise Failed(
            tried,
            site=site,
            on=on,
            seen=_message(content),
            wanted="JSON",
            status=status,
            next_step="look whether a proxy answers in place of the API server",
        ) from error


def lines_of(response: Any) -> Iterator[bytes]:
    """Of a watch, as they arrive."""
    rest = b""
    for chunk in response.stream(amt=None, decode_content=True):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line)


def unreachable(site: str, tried: str, on: str, error: Exception) -> Unreachable:
    """The error of who got no answer."""
    reason = getattr(error, "reason", None) or error
    return Unreachable(
        tried,
        site=site,
        on=on,
        seen=f"{type(error).__name__}: {reason}",
        next_step="check the network path and the credentials' host; unreachable does not mean lost",
    )


def failure_of(site: str, tried: str, on: str, status: int, content: bytes) -> DrError:
    """The error of an answer that is no success: by its status, with the server's own words."""
    message = _message(content)
    error: type[DrError] = {404: NotFound, 409: Conflict}.get(status, Failed)
    next_step = next_step_after(status, message)
    if status == 403 and "denied request" in message:
        error, next_step = Refused, None
    return error(tried, site=site, on=on, seen=message, status=status, next_step=next_step)


def _message(content: bytes) -> str:
    try:
        status = json.loads(content)
    except ValueError:
        return content.decode(errors="replace")[:300]
    if not isinstance(status, dict):
        return str(status)[:300]
    # to a patch these words follow the whole object
    before, strict, after = str(status.get("message", "")).partition(STRICT)
    return (strict + after if strict else before)[:1000]
