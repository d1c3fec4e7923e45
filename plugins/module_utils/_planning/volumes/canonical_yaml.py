# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One text for one document: sorted keys, and nothing that a reader of YAML 1.1 or 1.2 takes for something else. Pure.

A library's text differs between its releases, and leaves '5e10' or 'y' bare, which some readers take for a number or a
truth value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z/][A-Za-z0-9._/-]+")
_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "nan", "inf"))
# JSON leaves them as they are, and YAML forbids them or breaks the line there
_ESCAPED = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def canonical_yaml(document: Mapping[str, Any]) -> str:
    """The document as lines that end with a newline; what it holds is plain data."""
    return "".join(f"{line}\n" for line in _lines(document, ""))


def _lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _entry(f"{indent}{_scalar(key)}:", value[key], indent)
    else:
        for item in value:
            yield from _entry(f"{indent}-", item, indent)


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, (Mapping, list, tuple)) and value:
        yield head
        yield from _lines(value, f"{indent}  ")
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        bare = _BARE.fullmatch(value) and value.lower() not in _WORDS
        return value if bare else _quoted(value)
    if isinstance(value, tuple):
        return "[]"
    return json.dumps(value)


def _quoted(text: str) -> str:
    return _ESCAPED.sub(lambda found: f"\\U{ord(found[0]):08x}", json.dumps(text, ensure_ascii=False))
