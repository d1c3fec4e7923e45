# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When what was started counts as ready: what the plan, a wave and a VM say, the nearest one wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from .duration import parse_duration


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A GET whose status has to lie between lowest and highest. host: its Host header, where it is not the address."""

    scheme: str
    path: str
    host: str | None
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Probe:
    """A connection to a VM's address; with http a request over it. network: the VM's interface, or its first one."""

    port: int
    timeout: float
    network: str | None = None
    http: HttpRequest | None = None

    @property
    def shown(self) -> str:
        if self.http is None:
            return f"TCP port {self.port}"
        return f"{self.http.scheme.upper()} port {self.port} {self.http.path}"


@dataclass(frozen=True, slots=True)
class Hook:
    """A task file of the user, and how long it may take."""

    tasks: str
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class Readiness:
    """When a VM counts as ready.

    agent: its guest agent must be connected. timeout: after that it counts as failed. tcp, http: what must answer then.
    delay: how long all of that must have held. hook: what judges the whole wave, once all of it is ready.
    """

    agent: bool
    timeout: timedelta
    delay: timedelta = timedelta(0)
    tcp: Probe | None = None
    http: Probe | None = None
    hook: Hook | None = None

    @property
    def probes(self) -> tuple[Probe, ...]:
        return tuple(probe for probe in (self.tcp, self.http) if probe is not None)

    def with_changes(self, found: Mapping[str, Any]) -> Readiness:
        """What a wave, or a VM, says over it; found: as the schema read it."""
        return replace(self, **{name: _READ[name](value) for name, value in found.items()}) if found else self


def readiness_of(found: Mapping[str, Any]) -> Readiness:
    """The plan's, as the schema read it."""
    return Readiness(found["agent"], parse_duration(found["timeout"])).with_changes(found)


def _probe(found: Any) -> Probe | None:
    if found is False:
        return None
    return Probe(found["port"], parse_duration(found["timeout"]).total_seconds(), found.get("network"))


def _http_probe(found: Any) -> Probe | None:
    probe = _probe(found)
    if probe is None:
        return None
    status = found["status"]
    request = HttpRequest(found["scheme"], found["path"], found.get("host"), status["from"], status["to"])
    return replace(probe, http=request)


def _hook(found: Any) -> Hook | None:
    return None if found is False else Hook(found["tasks"], parse_duration(found["timeout"]))


_READ: dict[str, Callable[[Any], Any]] = {
    "agent": bool,
    "timeout": parse_duration,
    "delay": parse_duration,
    "tcp": _probe,
    "http": _http_probe,
    "hook": _hook,
}
