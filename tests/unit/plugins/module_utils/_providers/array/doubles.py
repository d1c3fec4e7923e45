# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certified collections as the installed package `ansible` has them, and doubles that stand in their place.

A double keeps how it was called and answers what a test gave it, so that the task files run without an array.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROOT = Path(__file__).parents[6]
DOUBLE = """#!/usr/bin/python
# WANT_JSON
import json, pathlib, sys
with open(sys.argv[1]) as reader:
    given = json.load(reader)
folder = pathlib.Path({folder!r})
args = {{key: value for key, value in given.items() if not key.startswith("_ansible")}}
key = "/".join([{name!r}, *args.get("gather_subset", [])[:1]])
calls = [json.loads(line) for line in (folder / "calls").read_text().splitlines()]
earlier = sum(call["key"] == key for call in calls)
with (folder / "calls").open("a") as writer:
    call = {{"name": {name!r}, "key": key, "args": args, "check": given["_ansible_check_mode"]}}
    writer.write(json.dumps(call) + "\\n")
answers = json.loads((folder / "answers").read_text()).get(key, [{{"changed": True}}])
if given["_ansible_check_mode"] and not {has_check_mode!r}:
    print(json.dumps({{"changed": False, "skipped": True}}))
else:
    print(json.dumps(answers[min(earlier, len(answers) - 1)]))
"""


class Captured(BaseException):
    """A module was about to read its arguments."""


@dataclass(frozen=True)
class Spec:
    """What a module hands to AnsibleModule."""

    arguments: Mapping[str, Any]
    rules: Mapping[str, Any]

    @property
    def has_check_mode(self) -> bool:
        return bool(self.rules.get("supports_check_mode"))

    def problems(self, given: Mapping[str, Any]) -> list[str]:
        names = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
        rules = {name: self.rules[name] for name in names if self.rules.get(name)}
        found: list[str] = ArgumentSpecValidator(dict(self.arguments), **rules).validate(dict(given)).error_messages
        return found


def spec_of(name: str) -> Spec:
    """Of the real module, by starting it up to where it would read its arguments."""

    def capture(_self: Any, argument_spec: Mapping[str, Any], **rules: Any) -> None:
        raise Captured(Spec(argument_spec, rules))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(basic.AnsibleModule, "__init__", capture)
        try:
            module_of(name).main()
        except Captured as captured:
            found: Spec = captured.args[0]
            return found
    raise LookupError(f"{name} reads no arguments")


def returned_sample(name: str, *path: str) -> Any:
    """A sample of a module's RETURN documentation."""
    source = Path(str(module_of(name).__file__)).read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "RETURN":
            found = yaml.safe_load(ast.literal_eval(node.value))
            for part in path:
                found = found[part]
            return found
    raise LookupError(f"{name} documents no RETURN")


def module_of(name: str) -> Any:
    namespace, collection, module = name.split(".", 2)
    try:
        # some begin a log in the current folder as soon as they are imported
        with TemporaryDirectory() as folder, chdir(folder):
            return importlib.import_module(f"ansible_collections.{namespace}.{collection}.plugins.modules.{module}")
    except ImportError:
        pytest.fail(f"{namespace}.{collection} is not installed: it comes with PyPI's ansible, by `make setup`")


class Doubles:
    """Modules by their full names, in a folder that Ansible searches first."""

    def __init__(self, folder: Path, names: Sequence[str], answers: Mapping[str, list[Any]]) -> None:
        self._folder = folder
        (folder / "calls").touch()
        (folder / "answers").write_text(json.dumps(answers), encoding="utf-8")
        for name in names:
            namespace, collection, module = name.split(".", 2)
            below = "ansible_collections", namespace, collection, "plugins", "modules", *module.split(".")
            file = folder.joinpath(*below).with_suffix(".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            check = spec_of(name).has_check_mode
            file.write_text(DOUBLE.format(folder=str(folder), name=name, has_check_mode=check), encoding="utf-8")

    def run(self, requests: Sequence[Mapping[str, Any]], *words: str) -> list[dict[str, Any]]:
        """Run the role on requests; its outcomes."""
        answers = self._folder / "outcomes"
        answers.mkdir()
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "roles": ["ocpvirt.dr.replication"]}
        play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        (self._folder / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
        variables = {"replication_requests": list(requests), "replication_answers": str(answers)}
        paths = f"{self._folder}:{ROOT / 'build/collections'}"
        command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", str(self._folder / "play.yml")]
        done = subprocess.run(
            [*command, "-e", json.dumps(variables), *words],
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": paths},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return [json.loads((answers / f"{number}.json").read_text()) for number in range(len(requests))]

    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self._folder / "calls").read_text(encoding="utf-8").splitlines()]
