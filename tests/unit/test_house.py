# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of docs and design that hold for every file: who imports whom, what is short, what comes in pairs."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "plugins"
UTILS = PLUGINS / "module_utils"
COLLECTION = "ansible_collections.ocpvirt.dr"

LAYERS = {
    "modules": {"_argspec", "_operations"},
    "action": {"_operations"},
    "callback": {"_operations"},
    "filter": {"_operations", "plugin_utils"},
    "test": {"_operations", "plugin_utils"},
    "plugin_utils": {"_errors"},
    "doc_fragments": set(),
    "_operations": {"_operations", "_planning", "_providers", "_metadata", "_cluster", "_model", "_errors"},
    "_planning": {"_planning", "_model", "_errors"},
    "_providers": {"_providers", "_cluster", "_model", "_errors"},
    "_metadata": {"_metadata", "_cluster", "_model", "_errors"},
    "_cluster": {"_cluster", "_model", "_errors"},
    "_model": {"_model", "_errors"},
    "_errors": set(),
    "_argspec": set(),
}
# what talks to the world; decisions and models are pure
WORLD = {"http", "os", "pathlib", "requests", "shutil", "socket", "ssl", "subprocess", "tempfile", "time", "urllib3"}
CLIENTS = {"kubernetes", "openshift", "ansible_collections.kubernetes"}
LONGEST_MODULE = 40
LONGEST_PLAYBOOK = 40

SOURCES = sorted(PLUGINS.rglob("*.py"))
MODULES = sorted((PLUGINS / "modules").glob("*.py"))
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
FRAGMENTS = sorted((PLUGINS / "doc_fragments").glob("*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def part_of(path: Path) -> str:
    """The part of the house that a file below plugins belongs to."""
    below = path.relative_to(UTILS if path.is_relative_to(UTILS) else PLUGINS)
    return below.parts[0].removesuffix(".py")


def imports_of(source: str, path: Path) -> Iterator[str]:
    """Full names of what a file imports, its relative imports resolved."""
    package = [*COLLECTION.split("."), *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            whole = [*base, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*whole, alias.name]) for alias in node.names)


def is_of(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def wrong_directions(source: str, path: Path) -> list[str]:
    """Imports of parts of the house that this file's part must not know."""
    own = f"{COLLECTION}.plugins."
    found = []
    for name in imports_of(source, path):
        if name.startswith(own):
            below = name.removeprefix(own).removeprefix("module_utils.").split(".")[0]
            if below not in LAYERS[part_of(path)]:
                found.append(name)
    return found


def foreign(source: str, path: Path) -> list[str]:
    """Imports of clients, of Ansible and of the world where they have no place."""
    part = part_of(path)
    in_utils = path.is_relative_to(UTILS)
    found = []
    for name in imports_of(source, path):
        clients = is_of(name, CLIENTS) and part != "_cluster"
        ansible = is_of(name, {"ansible"}) and in_utils and path != UTILS / "_operations" / "entry.py"
        world = is_of(name, WORLD) and part in ("_planning", "_model")
        if clients or ansible or world:
            found.append(name)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_point_one_way(path: Path) -> None:
    assert wrong_directions(path.read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_clients_and_ansible_stay_behind_their_files(path: Path) -> None:
    assert foreign(path.read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("modules/run.py", "from ..module_utils._cluster.api import Api"),
        ("modules/run.py", "from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan"),
        ("module_utils/_planning/losses.py", "from .._cluster.clock import Clock"),
        ("module_utils/_planning/losses.py", "def f():\n    from .. import _operations"),
        ("module_utils/_model/plan.py", "from .._planning.guards import check_promotion"),
        ("module_utils/_cluster/api.py", "from .._operations import sites"),
        ("module_utils/_providers/nfs/provider.py", "from ..._metadata.oadp import OadpSource"),
        ("module_utils/_errors.py", "from ._model import names"),
    ],
)
def test_an_import_against_the_direction_is_found(file: str, source: str) -> None:
    assert wrong_directions(source, PLUGINS / file)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("module_utils/_providers/nfs/provider.py", "import kubernetes.client"),
        ("module_utils/_operations/entry.py", "from ansible_collections.kubernetes.core.plugins import module_utils"),
        ("module_utils/_operations/run/begin.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("module_utils/_model/plan.py", "import os.path"),
        ("module_utils/_planning/losses.py", "from time import sleep"),
    ],
)
def test_an_import_out_of_its_place_is_found(file: str, source: str) -> None:
    assert foreign(source, PLUGINS / file)


def code_lines(path: Path) -> list[str]:
    """Lines of a module after its documentation that are neither blank nor comments."""
    text = path.read_text(encoding="utf-8")
    documented = [
        node.end_lineno
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") in ("DOCUMENTATION", "EXAMPLES", "RETURN")
    ]
    lines = text.splitlines()[max(line or 0 for line in documented) :]
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_is_documentation_and_little_code(path: Path) -> None:
    assert len(code_lines(path)) <= LONGEST_MODULE


@pytest.mark.parametrize("path", PLAYBOOKS, ids=relative)
def test_a_playbook_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_PLAYBOOK


def actions(tasks: list[dict[str, Any]]) -> Iterator[str]:
    for task in tasks:
        for section in ("block", "rescue", "always"):
            yield from actions(task.get(section, []))
        if "block" not in task:
            yield from (key for key in task if "." in key)


@pytest.mark.parametrize("path", PLAYBOOKS, ids=relative)
def test_a_playbook_calls_roles_only(path: Path) -> None:
    plays = yaml.safe_load(path.read_text(encoding="utf-8"))
    sections = ("pre_tasks", "tasks", "post_tasks", "handlers")
    called = {name for play in plays for section in sections for name in actions(play.get(section, []))}
    assert called <= {"ansible.builtin.import_role", "ansible.builtin.include_role"}


def test_the_action_group_holds_every_module() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"]["all"] == [path.stem for path in MODULES]


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_documents_its_action_group(path: Path) -> None:
    documented = yaml.safe_load(constant(path, "DOCUMENTATION"))
    assert "ocpvirt.dr._attributes" in documented["extends_documentation_fragment"]


def test_the_documented_action_group_is_that_of_the_collection() -> None:
    attributes = yaml.safe_load(fragment_text(PLUGINS / "doc_fragments" / "_attributes.py"))["attributes"]
    assert attributes["action_group"]["membership"] == ["ocpvirt.dr.all"]


def constant(path: Path, name: str) -> str:
    """The text of a constant, wherever in the file it is assigned."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return str(ast.literal_eval(node.value))
    raise LookupError(f"{name} in {relative(path)}")


def fragment_text(path: Path) -> str:
    return constant(path, "DOCUMENTATION")


@pytest.mark.parametrize("path", FRAGMENTS, ids=relative)
def test_a_doc_fragment_has_its_twin_among_the_argument_specs(path: Path) -> None:
    documented = yaml.safe_load(fragment_text(path)).get("options")
    if documented is None:
        return  # attributes are no arguments
    argspec = importlib.import_module(f"{COLLECTION}.plugins.module_utils._argspec")
    facts = ("type", "required", "default", "choices", "elements")
    shown = {name: {fact: option[fact] for fact in facts if fact in option} for name, option in documented.items()}
    assert shown == getattr(argspec, path.stem.strip("_").upper())


def test_every_argument_spec_has_its_doc_fragment() -> None:
    argspec = importlib.import_module(f"{COLLECTION}.plugins.module_utils._argspec")
    names = {f"_{name.lower()}" for name, value in vars(argspec).items() if name.isupper() and isinstance(value, dict)}
    assert names <= {path.stem for path in FRAGMENTS}


@pytest.mark.parametrize("role", ROLES, ids=relative)
def test_a_role_has_a_readme_that_names_its_variables(role: Path) -> None:
    readme = (role / "README.md").read_text(encoding="utf-8")
    assert [name for name in role_options(role) if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("role", ROLES, ids=relative)
def test_the_defaults_of_a_role_are_those_of_its_argument_specs(role: Path) -> None:
    file = role / "defaults" / "main.yml"
    defaults = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    assert defaults == {name: option["default"] for name, option in role_options(role).items() if "default" in option}


@pytest.mark.parametrize("role", ROLES, ids=relative)
def test_the_variables_of_a_role_begin_with_its_name(role: Path) -> None:
    shared = "dr_"
    assert [name for name in role_options(role) if not name.startswith((f"{role.name}_", shared))] == []


def role_options(role: Path) -> dict[str, Any]:
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    return {name: option for spec in specs.values() for name, option in spec.get("options", {}).items()}
