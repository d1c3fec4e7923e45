# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object says by the plan's expressions. Pure: the cluster's data is looked at, and never an expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast, get_args

from ..._errors import Failed
from ..._model.expression import evaluate, is_true
from ..._model.group_status import Direction, Health, Role, VolumeStatus
from ..ownership import PLAN_LABEL
from .description import Description

Object = Mapping[str, Any]
_SHOWN = 300
# of a copy that does not take what its primary has
FAILED: tuple[Health, ...] = ("error", "diverged")


@dataclass(frozen=True)
class Unit:
    """What is switched at once: a claim's object, or the group's.

    key: namespace and name of the object. claim: namespace and name of what it replicates, where it is one claim.
    places: for the plan's texts.
    """

    key: tuple[str, str]
    places: Mapping[str, str]
    claim: tuple[str, str] | None = None
    item: dict[str, Any] | None = None

    @property
    def volume(self) -> str:
        return "/".join(part for part in (self.claim or self.key) if part)


def asked(path: str, expression: str, item: Object) -> Any:
    """The expression's answer; null where the plan has none."""
    if not expression:
        return None
    try:
        return evaluate(expression, item)
    except ValueError as error:
        raise Failed(
            f"read {path}",
            on=_name(item),
            seen=str(error),
            next_step="correct the expression in the plan: the object has not what it is made for",
        ) from error


class Sight:
    """One object as the description reads it."""

    def __init__(self, description: Description, item: Object) -> None:
        self._expressions = description.status
        self._item = item

    @property
    def current(self) -> bool:
        """The status is of what the object asks for now, as far as the product lets anybody know."""
        return "current" not in self._expressions or is_true(self._ask("current"))

    @property
    def leaving(self) -> bool:
        return bool(self._item["metadata"].get("deletionTimestamp"))

    @property
    def role(self) -> Role:
        if self.leaving or not self.current:
            return "unknown"
        return cast(Role, _one_of(self._ask("role"), get_args(Role), "unknown"))

    @property
    def terminal(self) -> str:
        return _text(self._ask("terminal")) if self.current else ""

    @property
    def proof(self) -> str:
        return _text(self._ask("proof")) if self.role == "secondary" else ""

    @property
    def health(self) -> Health:
        if self.terminal:
            return "error"
        if self.role == "unknown":
            return "unknown" if self.current and not self.leaving else "degraded"
        if "health" not in self._expressions:
            return "healthy"
        return cast(Health, _one_of(self._ask("health"), get_args(Health), "unknown"))

    @property
    def direction(self) -> Direction:
        if self.role == "unknown":
            return "none"
        return cast(Direction, _one_of(self._ask("direction"), get_args(Direction), "none"))

    @property
    def message(self) -> str:
        if self.leaving:
            return "it is being deleted"
        if not self.current:
            return "the product has not looked at it since it was changed"
        return self.terminal or _text(self._ask("message"))

    @property
    def last_sync(self) -> datetime | None:
        """None for whatever is no moment with its time zone: never a stand-in."""
        answer = self._ask("last_sync")
        try:
            moment = datetime.fromisoformat(answer) if isinstance(answer, str) else None
        except ValueError:
            return None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None

    def answers(self) -> dict[str, Any]:
        """For people: what each expression gives."""
        return {name: _shown(self._ask(name)) for name in self._expressions}

    def _ask(self, name: str) -> Any:
        return asked(f"status.{name}", self._expressions.get(name, ""), self._item)


def volume_status(description: Description, unit: Unit) -> VolumeStatus:
    if unit.item is None:
        message = f"it has no {description.kind.kind} here"
        return VolumeStatus(unit.volume, "unknown", "unknown", "none", message=message)
    sight = Sight(description, unit.item)
    return VolumeStatus(
        unit.volume,
        sight.role,
        sight.health,
        sight.direction,
        last_sync=sight.last_sync,
        sync_proof=sight.proof,
        message=sight.message,
        raw={"object": _name(unit.item), **sight.answers()},
    )


def role_of(description: Description, unit: Unit) -> Role:
    return Sight(description, unit.item).role if unit.item else "unknown"


def owner(item: Object) -> str:
    """The plan that made it; empty: not ours."""
    return str((item["metadata"].get("labels") or {}).get(PLAN_LABEL, ""))


def cannot_follow(description: Description, unit: Unit) -> bool:
    """Whether a demoted copy has failed to take its primary's data, as after a split brain."""
    return role_of(description, unit) == "secondary" and volume_status(description, unit).health in FAILED


def described_state(description: Description, unit: Unit) -> str:
    """In words, for messages."""
    if unit.item is None:
        return f"{unit.volume}: absent"
    sight = Sight(description, unit.item)
    words = [f"role {sight.role}", f"health {sight.health}", sight.message]
    return f"{unit.volume}: {', '.join(word for word in words if word)}"


def failure(path: str, expression: str, item: Object) -> str:
    return _text(asked(path, expression, item))


def _one_of(answer: Any, allowed: tuple[str, ...], otherwise: str) -> str:
    return answer.lower() if isinstance(answer, str) and answer.lower() in allowed else otherwise


def _text(answer: Any) -> str:
    return str(_shown(answer)) if is_true(answer) and answer is not None else ""


def _shown(answer: Any) -> Any:
    plain = answer if isinstance(answer, (str, bool, int, float, type(None))) else repr(answer)
    return plain[:_SHOWN] if isinstance(plain, str) else plain


def _name(item: Object) -> str:
    meta = item["metadata"]
    return "/".join(part for part in (item.get("kind", ""), meta.get("namespace"), meta["name"]) if part)
