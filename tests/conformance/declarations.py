# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the code of a provider uses of custom resources, read from its files: the declarations must hold all of it."""

from __future__ import annotations

import ast
import importlib
import inspect
from types import ModuleType
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.custom_resource import FieldPath

OF_KUBERNETES = (".k8s.io", "apps", "batch", "policy")


def kinds_used(provider: type[Provider]) -> set[Kind]:
    """Kinds of custom resources in any file that belongs to the provider alone."""
    found = {value for module in modules_of(provider) for value in _imported(module) if isinstance(value, Kind)}
    return {kind for kind in found if kind.group and not kind.group.endswith(OF_KUBERNETES)}


def fields_used(provider: type[Provider]) -> set[FieldPath]:
    return {value for module in modules_of(provider) for value in vars(module).values() if isinstance(value, FieldPath)}


def hidden_fields(provider: type[Provider]) -> list[str]:
    """Where a field's path is made inside a function: nothing could declare it."""
    return [
        f"{module.__name__}:{node.lineno}"
        for module in modules_of(provider)
        for function in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == FieldPath.__name__
    ]


def modules_of(provider: type[Provider]) -> list[ModuleType]:
    """The provider's module, and what it imports from its own package."""
    todo, found = [importlib.import_module(provider.__module__)], []
    while todo:
        module = todo.pop()
        if module in found:
            continue
        found.append(module)
        package = module.__name__.rpartition(".")[0]
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                todo += [importlib.import_module(f"{package}.{name}") for name in names]
    return found


def _imported(module: ModuleType) -> list[Any]:
    return list(vars(module).values())
