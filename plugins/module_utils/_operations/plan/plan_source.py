# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a plan and the secrets that it refers to are read: the only file that opens them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..._errors import Refused, Unsupported
from ..._model.duration import format_duration
from ..._model.names import STARTED_IN
from ..._model.plan import Plan, Site
from ..._model.plan_parser import parse_plan
from ..._model.plan_problem import PlanInvalid, Problem, render_path
from ..._model.plan_secrets import secret_of_reference

try:
    import yaml

    MISSING: ImportError | None = None
    # libyaml's, where PyYAML has it, reads a plan of 500 groups in a tenth of the time
    LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
except ImportError as error:
    MISSING = error

ReadText = Callable[[str], str]

DEEPEST = 100
_PATHS = ("ca_cert", "client_cert", "client_key")


def read_text(path: str) -> str:
    """A relative path starts where the command was started."""
    return (_started_in() / Path(path).expanduser()).read_text(encoding="utf-8")


def beside_plan(plan: Plan, path: str) -> Path:
    """A file that the plan names: a relative path starts at the plan's folder, of a document where read_text does."""
    return (Path(plan.folder) if plan.folder else _started_in()) / Path(path).expanduser()


def _started_in() -> Path:
    """Ansible runs modules in the playbook's folder, so a playbook has to say where it was started itself."""
    return Path(os.environ.get(STARTED_IN) or Path.cwd())


def load_plan(source: str | Mapping[str, Any], read_text: ReadText = read_text) -> Plan:
    """The plan in a YAML file, or of the document itself. PlanInvalid names every problem of it."""
    if not isinstance(source, str):
        return parse_plan(source)
    try:
        text = read_text(source)
    except (OSError, UnicodeError, RuntimeError, ValueError) as error:
        raise Refused(
            f"read the plan {source}",
            seen=_reason(error),
            wanted="a readable YAML file",
            next_step=f"correct the path; a relative one starts at {_started_in()}",
        ) from error
    try:
        folder = (_started_in() / Path(source).expanduser()).parent
        return replace(parse_plan(_parse_yaml(source, text)), folder=str(folder))
    except PlanInvalid as error:
        raise PlanInvalid(error.problems, on=source) from error


def describe_plan(plan: Plan) -> dict[str, Any]:
    """The result of the module plan_info."""
    return {
        "changed": False,
        "plan": plan.document,
        "fingerprint": plan.fingerprint(),
        "sites": list(plan.sites),
        "namespaces": list(plan.namespaces),
        "groups": [
            {
                "name": group.name,
                "provider": group.provider,
                "max_lag": None if group.max_lag is None else format_duration(group.max_lag),
                "selector": group.selector.to_query(),
            }
            for group in plan.groups
        ],
    }


def resolve_auth(site: Site, environ: Mapping[str, str], read_text: ReadText = read_text) -> dict[str, Any]:
    """kubernetes.core's authentication options with the secrets that the site refers to. For the client only."""
    options = resolve_references(site.auth, environ, read_text, site=site.name)
    if "kubeconfig_env" in options:
        options["kubeconfig"] = _variable(options.pop("kubeconfig_env"), "kubeconfig", environ, site.name)
    if "kubeconfig" in options:
        paths = options["kubeconfig"].split(os.pathsep)
        options["kubeconfig"] = os.pathsep.join(_from_start(path) for path in paths)
    return {key: _from_start(value) if key in _PATHS else value for key, value in options.items()}


def _from_start(path: str) -> str:
    return str(_started_in() / Path(path).expanduser())


def resolve_references(
    options: Mapping[str, Any], environ: Mapping[str, str], read_text: ReadText = read_text, *, site: str | None = None
) -> dict[str, Any]:
    """The options with every `<secret>_env` and `<secret>_file` replaced by the secret itself."""
    resolved: dict[str, Any] = {}
    for key, value in options.items():
        reference = secret_of_reference(key) if isinstance(value, str) else None
        if reference is not None:
            name, form = reference
            resolved[name] = (
                _variable(value, name, environ, site) if form == "env" else _content(value, name, read_text, site)
            )
        elif isinstance(value, Mapping):
            resolved[key] = resolve_references(value, environ, read_text, site=site)
        else:
            resolved[key] = value
    return resolved


def _variable(variable: str, what: str, environ: Mapping[str, str], site: str | None) -> str:
    value = environ.get(variable)
    if value:
        return value
    raise Refused(
        f"read {what} from the environment variable {variable}",
        site=site,
        seen="it is not set" if value is None else "it is empty",
        next_step=f"set {variable} where the playbook runs, or correct {what}_env in the plan",
    )


def _content(path: str, what: str, read_text: ReadText, site: str | None) -> str:
    try:
        value = read_text(path).strip()
        seen = "it is empty"
    except (OSError, UnicodeError, RuntimeError, ValueError) as error:
        raise _unread(path, what, site, _reason(error)) from error
    if not value:
        raise _unread(path, what, site, seen)
    return value


def _unread(path: str, what: str, site: str | None, seen: str) -> Refused:
    next_step = f"put {what} into that file, or correct {what}_file in the plan"
    return Refused(f"read {what} from the file {path}", site=site, seen=seen, next_step=next_step)


def _reason(error: Exception) -> str:
    """Why a file could not be read, without any of its content."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "it is not UTF-8 text" if isinstance(error, UnicodeError) else str(error)


def _parse_yaml(path: str, text: str) -> Any:
    if MISSING is not None:
        raise Unsupported("read a YAML file", seen=str(MISSING), next_step="install PyYAML, as ansible-core does")
    try:
        if _is_deep(text):
            raise _not_yaml(path, f"nested in more than {DEEPEST} levels")
        return _composed(text)
    except yaml.YAMLError as error:
        # only the parser's words: its snippet of the file might hold a secret
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        seen = ": ".join(part for part in (line, getattr(error, "problem", None)) if part)
        raise _not_yaml(path, seen) from error
    except ValueError as error:
        raise _not_yaml(path, f"a value that cannot be read ({type(error).__name__})") from error


def _is_deep(text: str) -> bool:
    """libyaml composes by recursion in C, which nothing stops before the stack is full."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            return True
    return False


def _composed(text: str) -> Any:
    loader = LOADER(text)
    try:
        node = loader.get_single_node()
        if twice := list(_given_twice(node, (), set())):
            raise PlanInvalid(twice)
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _not_yaml(path: str, seen: str) -> Refused:
    return Refused(f"read the plan {path}", seen=f"it is not YAML: {seen}", next_step="correct the file")


def _given_twice(node: Any, at: tuple[Any, ...], seen: set[int]) -> Iterator[Problem]:
    """Keys that a mapping has more than once: YAML keeps the last one silently."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _given_twice(item, (*at, index), seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and name in first:
                yield Problem(render_path((*at, name)), f"is given twice, in the lines {first[name]} and {line}")
            first.setdefault(name, line)
            yield from _given_twice(value, (*at, name), seen)
