# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JMESPath expressions of a plan: checked before anything happens, evaluated on plain data of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

try:
    import jmespath
    from jmespath.exceptions import JMESPathError
    from jmespath.functions import Functions
except ImportError:
    # named by `check_expression`, with what to do
    jmespath = Functions = None
    JMESPathError = ValueError


# of nodes that take something out of their first child
_PARTS = ("projection", "subexpression", "index_expression")


def check_expression(text: str) -> str:
    """The text itself, or ValueError: it does not parse, or calls a function that there is not."""
    if jmespath is None:
        raise ValueError("JMESPath expressions need the Python package jmespath: install it on the controller")
    try:
        parsed = jmespath.compile(text).parsed
    except JMESPathError as error:
        raise ValueError(f"not a JMESPath expression: {' '.join(str(error).split())[:200]}") from error
    if any(_negates_a_part(node) for node in _nodes(parsed)):
        raise ValueError("! binds closer than . and [ ]: put parentheses around what it negates, as !(a.b)")
    for name, count in _calls(parsed):
        known = Functions.FUNCTION_TABLE.get(name)
        if known is None:
            raise ValueError(f"JMESPath has no function {name}()")
        signature = known["signature"]
        if count < len(signature) or (count > len(signature) and not any(item.get("variadic") for item in signature)):
            raise ValueError(f"{name}() takes {len(signature)} arguments, got {count}")
    return text


def evaluate(text: str, document: Any) -> Any:
    """What the expression gives; ValueError where a function cannot take what the document has."""
    try:
        return jmespath.search(text, document)
    except JMESPathError as error:
        raise ValueError(" ".join(str(error).split())[:300]) from error


def is_true(value: Any) -> bool:
    """As JMESPath's own `&&` has it: null, false and what is empty are not; the number 0 is."""
    return bool(value) or (value == 0 and not isinstance(value, bool))


def _calls(tree: Any) -> Iterator[tuple[str, int]]:
    for node in _nodes(tree):
        if node["type"] == "function_expression":
            yield node["value"], len(node["children"])


def _negates_a_part(node: dict[str, Any]) -> bool:
    """`!a.b` is `(!a).b` to JMESPath, which nobody means: a part of a truth value is always null."""
    children = node["children"]
    return bool(children) and node["type"].endswith(_PARTS) and children[0]["type"] == "not_expression"


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree["children"]:
            yield from _nodes(child)
