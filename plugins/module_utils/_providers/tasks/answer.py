# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task file answers: its schema, checked before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from ..._errors import Refused
from ..._model.group_status import GroupStatus, SyncProof

# clocks of an array and of the controller may differ by so much
CLOCKS = timedelta(minutes=5)
CHOICES = {
    "role": ("primary", "secondary", "unknown"),
    "health": ("healthy", "degraded", "diverged", "error", "unknown"),
    "direction": ("outgoing", "incoming", "none"),
}
Checked = Mapping[str, tuple[Callable[[Any], bool], str]]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_told(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_one_of(choices: tuple[str, ...], value: Any) -> bool:
    return isinstance(value, str) and value in choices


def _is_count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


def _plain(key: str, value: Any) -> Any:
    """Before ansible-core 2.19 a template makes a text of a null and of a number."""
    if value == "" and key in ("last_sync", "volumes", "bytes"):
        return None
    return int(value) if key in ("volumes", "bytes") and isinstance(value, str) and value.isdigit() else value


STATUS: Checked = {
    **{name: (partial(_is_one_of, of), " or ".join(of)) for name, of in CHOICES.items()},
    "last_sync": (lambda value: value is None or _is_told(value), "a moment such as 2026-11-22T07:18:00Z, or null"),
    "last_sync_source": (_is_text, "a text"),
    "sync_proof": (_is_text, "a text"),
    "reachable": (_is_flag, "true or false"),
    "present": (_is_flag, "true or false"),
    "message": (_is_text, "a text"),
    "raw": (lambda value: isinstance(value, dict), "a mapping"),
}
CHANGE: Checked = {"changed": (_is_flag, "true or false"), "message": (_is_text, "a text")}
PROOF: Checked = {
    "holds": (_is_flag, "true or false"),
    **dict.fromkeys(("compared", "source", "target"), (_is_told, "a text that is not empty")),
    "volumes": (_is_count, "a whole number, or null"),
    "bytes": (_is_count, "a whole number, or null"),
}
FENCE: Checked = {"evidence": (_is_told, "a text that is not empty")}


RAW: Checked = {"raw": (lambda value: isinstance(value, dict), "a mapping")}


class Answers:
    """Reads the answers of one group's task file at a site."""

    def __init__(self, group: str, site: str, file: str) -> None:
        self._group = group
        self._site = site
        self._file = file

    def status(self, answer: Any, now: datetime) -> GroupStatus:
        found = self._checked(answer, STATUS, ("role", "health", "direction"))
        status = GroupStatus(
            self._group, self._site, **{**found, "last_sync": self._moment(found.get("last_sync"), now)}
        )
        if status.direction == {"primary": "incoming", "secondary": "outgoing"}.get(status.role):
            raise self._wrong(f"role {status.role} with direction {status.direction}", "what goes together")
        if status.role != "unknown" and not (status.reachable and status.present):
            raise self._wrong(f"role {status.role} of what is not reachable or not present", "role: unknown")
        if status.last_sync and not status.last_sync_source:
            raise self._wrong("last_sync without last_sync_source", "what the product calls that moment")
        if status.sync_proof and status.role != "secondary":
            raise self._wrong(f"sync_proof at a {status.role}", "a proof of a demoted copy, or none")
        return status

    def changed(self, answer: Any) -> bool:
        return bool(self._checked(answer, CHANGE, ("changed",))["changed"])

    def proof(self, answer: Any, now: datetime) -> SyncProof:
        found = self._checked(answer, PROOF, ("holds", "compared", "source", "target"))
        return SyncProof(self._group, **found, at=now.isoformat(timespec="seconds"))

    def evidence(self, answer: Any) -> str:
        return str(self._checked(answer, FENCE, ("evidence",))["evidence"])

    def raw(self, answer: Any) -> dict[str, Any]:
        """What a file of ours gathered, for the product's own code to read."""
        found: dict[str, Any] = self._checked(answer, RAW, ("raw",))["raw"]
        return found

    def _checked(self, answer: Any, schema: Checked, required: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(answer, Mapping) or not answer:
            raise self._wrong("it did not set replication_answer", f"a mapping of {', '.join(schema)}")
        if unknown := sorted(str(key) for key in answer if key not in schema):
            raise self._wrong(f"unknown: {', '.join(unknown)}", f"only {', '.join(schema)}")
        if missing := [key for key in required if key not in answer]:
            raise self._wrong(f"no {', '.join(missing)}", f"at least {', '.join(required)}")
        found = {key: _plain(key, value) for key, value in answer.items()}
        for key, value in found.items():
            fits, wanted = schema[key]
            if not fits(value):
                raise self._wrong(f"{key}: {str(value)[:80]!r} ({type(value).__name__})", f"{key}: {wanted}")
        return found

    def _moment(self, text: str | None, now: datetime) -> datetime | None:
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise self._wrong(f"last_sync: {text[:80]!r}", "a moment such as 2026-11-22T07:18:00Z, or null") from error
        if moment.tzinfo is None:
            raise self._wrong(f"last_sync: {text}", "with its time zone, as 2026-11-22T07:18:00Z")
        if moment > now + CLOCKS:
            raise self._wrong(f"last_sync: {text}, at {now.isoformat(timespec='seconds')}", "a moment that has passed")
        return moment.astimezone(UTC)

    def _wrong(self, seen: str, wanted: str) -> Refused:
        return Refused(
            f"read the answer of {self._file}",
            site=self._site,
            on=f"group {self._group}",
            seen=seen,
            wanted=wanted,
            next_step="correct the task file: docs/providers/tasks.md has what it answers",
        )
