# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters and tests as Ansible finds and calls them: under their names, in templates, with the arguments documented."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

PLUGINS = Path(__file__).parents[4] / "plugins"
FILES = [path for kind in ("filter", "test") for path in sorted((PLUGINS / kind).glob("*.py"))]
RULES = [
    {
        "match": {"nfs": {"server": ["a.example.org", "b.example.org"]}},
        "set": {"east": {"nfs.server": "a.example.org"}, "west": {"nfs.server": "b.example.org"}},
    }
]
PV = {
    "metadata": {"name": "pv-1"},
    "spec": {
        "claimRef": {"namespace": "payroll", "name": "db-0"},
        "nfs": {"server": "a.example.org", "path": "/x"},
        "persistentVolumeReclaimPolicy": "Retain",
    },
}


def plugin(kind: str, name: str) -> Any:
    module = importlib.import_module(f"ansible_collections.ocpvirt.dr.plugins.{kind}.{name}")
    return (module.FilterModule().filters() if kind == "filter" else module.TestModule().tests())[name]


def documented(path: Path) -> dict[str, Any]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            found: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return found
    raise LookupError(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_plugin_has_the_name_and_the_arguments_that_it_documents(path: Path) -> None:
    docs = documented(path)
    call = inspect.signature(plugin(path.parent.name, path.stem))
    assert (docs["name"], list(docs["options"])) == (path.stem, list(call.parameters))
    positional = [name for name, given in call.parameters.items() if given.default is inspect.Parameter.empty]
    assert docs["positional"].split(", ") == positional
    assert [name for name, option in docs["options"].items() if option.get("required")] == positional


def test_a_volume_is_patched_and_is_then_as_planned_and_does_not_point_home() -> None:
    decision = plugin("filter", "patched_volume")(PV, "west", rules=RULES)
    assert decision["pv"]["spec"]["nfs"]["server"] == "b.example.org"
    assert plugin("test", "as_planned")(decision["pv"], decision) is True
    assert plugin("test", "pointing_home")(decision["pv"], "west", rules=RULES) is False


def test_a_volume_that_is_not_patched_is_neither() -> None:
    decision = plugin("filter", "patched_volume")(PV, "west", rules=RULES)
    assert plugin("test", "as_planned")(PV, decision) is False
    assert plugin("test", "pointing_home")(PV, "west", rules=RULES) is True
    assert "nfs.server: wanted 'b.example.org', is 'a.example.org'" in plugin("filter", "volume_differences")(
        PV, decision
    )
