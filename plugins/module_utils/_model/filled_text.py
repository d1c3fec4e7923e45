# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of a plan with places that are filled with names: `{claim.name}`. `{{` and `}}` stand for braces.

Only texts of the plan have places. What is put into one is never looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_LITERAL = {"{{": "{", "}}": "}"}


def places_of(text: str) -> Iterator[str]:
    """The names between braces; a brace without its partner is given as it is."""
    for match in _TOKEN.finditer(text):
        if match[0] not in _LITERAL:
            yield match[0] if match[1] is None else match[1]


def fill(value: Any, places: Mapping[str, str]) -> Any:
    """The value with all its texts filled, in lists and mappings, too. Every place has to be known."""
    if isinstance(value, str):
        return _TOKEN.sub(lambda match: _LITERAL.get(match[0]) or places[match[1]], value)
    if isinstance(value, Mapping):
        return {key: fill(item, places) for key, item in value.items()}
    return [fill(item, places) for item in value] if isinstance(value, list) else value
