# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of findings knows every code that the collection gives, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "findings.md"
SOURCES = sorted((ROOT / "plugins" / "module_utils").rglob("*.py"))
CODE = "code"
# which argument of a finding it is
OF_FINDING = 1


def codes_of(source: str) -> Iterator[str]:
    """Of findings that are made, by themselves or by a function of the file that takes their code."""
    tree = ast.parse(source)
    makers = {"Finding": OF_FINDING}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(is_call_of(found, "Finding") for found in ast.walk(node)):
            names = [argument.arg for argument in node.args.args]
            makers |= {node.name: names.index(CODE)} if CODE in names else {}
    for node in ast.walk(tree):
        for name, position in makers.items():
            if is_call_of(node, name):
                yield from texts_of(node.args[position], tree)


def is_call_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def texts_of(node: ast.expr, tree: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from texts_of(node.body, tree)
        yield from texts_of(node.orelse, tree)
    elif isinstance(node, ast.Name):
        values = [
            found.value
            for found in ast.walk(tree)
            if isinstance(found, ast.Assign) and getattr(found.targets[0], "id", "") == node.id
        ]
        # a parameter: its callers give the code
        for value in values:
            yield from texts_of(value, tree)
    elif not (isinstance(node, ast.Attribute) and node.attr == CODE):
        raise AssertionError(f"line {node.lineno}: a finding's code is written where the finding is made")


def documented() -> dict[str, list[str]]:
    """Code to the cells of its row."""
    rows = [line.strip("| \n").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines()]
    return {row[0].strip("`"): row[1:] for row in rows if re.fullmatch(r"`[A-Za-z]+`", row[0])}


TEXTS = [text for text in (path.read_text(encoding="utf-8") for path in SOURCES) if "Finding(" in text]
GIVEN = sorted({code for text in TEXTS for code in codes_of(text)})


def test_codes_are_found_wherever_they_are_written() -> None:
    source = """
code = "One" if there else "Two"
Finding("blocker", code, on)
_blocker("Three", on)
Finding(severity, "Four", on)
Finding(found.severity, found.code, on)
def _blocker(code, on):
    return Finding("blocker", code, on)
def _strange(on, seen):
    return Finding("blocker", "Five", on)
_strange(where(), seen)
"""
    assert set(codes_of(source)) == {"One", "Two", "Three", "Four", "Five"}
    assert len(GIVEN) > 40


@pytest.mark.parametrize("code", GIVEN)
def test_every_code_has_a_row_with_its_severity_meaning_and_remedy(code: str) -> None:
    severity, meaning, remedy = documented()[code]
    assert severity.split()[0].strip(",;") in ("blocker", "warning", "info")
    assert meaning
    assert remedy


def test_no_row_is_about_a_code_that_nothing_gives() -> None:
    assert sorted(set(documented()) - set(GIVEN)) == []
