# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the owner of a VM or workload writes on it about its start: priority, dependencies, whether it starts at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .names import DEPENDS_ON, PRIORITY, START, START_AFTER

DEFAULT_PRIORITY = 3
# the only value of the annotation start
NEVER = "never"


@dataclass(frozen=True)
class StartFacts:
    """depends_on, start_after: keys, namespace/name of a VM and kind/namespace/name of a workload.

    start: False for never.
    """

    priority: int
    depends_on: tuple[str, ...]
    start_after: tuple[str, ...]
    start: bool


def start_facts(meta: Mapping[str, Any], on: str) -> StartFacts:
    """From labels and annotations. A bad priority is a ValueError that names the object and the annotation."""
    facts = notes(meta)
    return StartFacts(
        priority=_priority(facts.get(PRIORITY), on),
        depends_on=_keys(facts.get(DEPENDS_ON, ""), meta["namespace"]),
        start_after=_keys(facts.get(START_AFTER, ""), meta["namespace"]),
        start=facts.get(START, "").lower() != NEVER,
    )


def notes(meta: Mapping[str, Any]) -> dict[str, str]:
    """Labels and annotations; of both with one name the annotation."""
    return {**(meta.get("labels") or {}), **(meta.get("annotations") or {})}


def _priority(value: str | None, on: str) -> int:
    if value is None:
        return DEFAULT_PRIORITY
    if value not in ("1", "2", "3", "4", "5"):
        raise ValueError(f"{on}: {PRIORITY} is {value!r}, allowed are 1 to 5")
    return int(value)


def _keys(value: str, namespace: str) -> tuple[str, ...]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    return tuple(_key(name, namespace) for name in names)


def _key(name: str, namespace: str) -> str:
    """name, namespace/name, Kind/name or Kind/namespace/name; no namespace begins with a capital letter."""
    first, slash, rest = name.partition("/")
    if not slash:
        return f"{namespace}/{name}"
    if not first[:1].isupper():
        return name
    whole = rest if "/" in rest else f"{namespace}/{rest}"
    return whole if first == "VirtualMachine" else f"{first}/{whole}"
