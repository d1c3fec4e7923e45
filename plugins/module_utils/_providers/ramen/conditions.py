# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions of Ramen's objects. Pure: one counts only for the generation that it was set for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..custom_resource import FieldPath

Item = Mapping[str, Any]

CONDITIONS = FieldPath("status.conditions", ("type", "status", "reason", "message", "observedGeneration"))
GENERATION = FieldPath("metadata.generation")
SHOWN = 200


def condition(item: Item, name: str) -> dict[str, Any] | None:
    """As it is for what the object asks for now; None while nothing is said of that."""
    found = next((entry for entry in CONDITIONS.read_entries(item) if entry["type"] == name), None)
    return found if found and found["observedGeneration"] == GENERATION.read(item) else None


def held(item: Item, name: str) -> bool:
    """Of whichever generation."""
    return any(entry["type"] == name and entry["status"] == "True" for entry in CONDITIONS.read_entries(item))


def holds(item: Item, name: str) -> bool:
    found = condition(item, name)
    return found is not None and found["status"] == "True"


def holds_where_known(item: Item, name: str) -> bool:
    """What a version does not have stands in nobody's way; what was said for an earlier generation does."""
    known = any(entry["type"] == name for entry in CONDITIONS.read_entries(item))
    return holds(item, name) or not known


def fails(item: Item, name: str) -> bool:
    """Said to be false: what a version does not have does not fail."""
    found = condition(item, name)
    return found is not None and found["status"] == "False"


def told(item: Item, *names: str) -> list[str]:
    """What these conditions say, in words; also when it is of an earlier generation."""
    found = {entry["type"]: entry for entry in CONDITIONS.read_entries(item)}
    return [_words(item, found[name]) for name in names if name in found]


def _words(item: Item, entry: Mapping[str, Any]) -> str:
    old = "" if entry["observedGeneration"] == GENERATION.read(item) else " (before the last order)"
    return f"{entry['type']} {entry['status']}{old}: {str(entry['message'] or entry['reason'])[:SHOWN]}"
