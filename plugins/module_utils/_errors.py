# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one tree of errors. Each says what was tried, where, what was seen and wanted, and what to do next (P10)."""

from __future__ import annotations

from typing import Any


class DrError(Exception):
    """An operation could not do what it was asked for.

    tried: what was attempted, in words ("promote group payroll-db").
    site: the site's name; on: kind/namespace/name of the object.
    seen, wanted: the observed and the required state.
    waited: seconds spent waiting; status: the HTTP status, where there was one.
    next_step: what the operator can do now.
    retry_after: seconds after which the server wants to be asked again; for us, not for the operator.
    """

    def __init__(
        self,
        tried: str,
        *,
        site: str | None = None,
        on: str | None = None,
        seen: str | None = None,
        wanted: str | None = None,
        waited: float | None = None,
        status: int | None = None,
        next_step: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(tried)
        self.tried = tried
        self.site = site
        self.on = on
        self.seen = seen
        self.wanted = wanted
        self.waited = waited
        self.status = status
        self.next_step = next_step
        self.retry_after = retry_after

    def __str__(self) -> str:
        # a request names its path already
        on = f" on {self.on}" if self.on and not self.tried.endswith(f" {self.on}") else ""
        parts = [f"{self.tried}{on}{f' at site {self.site}' if self.site else ''}"]
        if self.seen:
            parts.append(f"seen: {self.seen}")
        if self.wanted:
            parts.append(f"wanted: {self.wanted}")
        if self.status is not None:
            parts.append(f"HTTP status {self.status}")
        if self.waited is not None:
            parts.append(f"waited {self.waited:.0f} s")
        if self.next_step:
            parts.append(f"next: {self.next_step}")
        return "; ".join(parts)

    def facts(self) -> dict[str, Any]:
        """The error as plain data, for a module's result."""
        names = ("tried", "site", "on", "seen", "wanted", "waited", "status", "next_step")
        known = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return {"kind": type(self).__name__, **known}


class NotFound(DrError):
    """The object, or its whole API, is absent. The site answered."""


class Conflict(DrError):
    """The object exists and is not what it should be, or somebody else changed it meanwhile."""


class Timeout(DrError):
    """The deadline passed; `seen` holds the last observed state."""


class Unreachable(DrError):
    """Nobody answered. It says nothing about whether the site still works (P4)."""


class Failed(DrError):
    """The site answered with an error."""


class TerminalState(DrError):
    """The object reached a state from which waiting cannot help."""


class Unsupported(DrError):
    """The product or the site cannot do this."""


class Refused(DrError):
    """A guard forbids it: doing it could break a promise."""
