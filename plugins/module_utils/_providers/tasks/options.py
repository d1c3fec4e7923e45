# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan says about groups that task files drive."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ..._model.names import STARTED_IN
from ..._model.plan import Group, Plan
from ..group_options import seconds_of, wrong

VERBS = (
    "observe",
    "promote",
    "demote",
    "final_sync",
    "resync",
    "enable",
    "disable",
    "pause",
    "resume",
    "fence",
    "unfence",
)
NEEDED = ("observe", "promote", "demote", "final_sync", "resync")
# the plan's lock is kept over it
LONGEST = 6 * 3600.0


@dataclass(frozen=True)
class TaskOptions:
    """timeout: seconds of a verb, its wait included; observe_timeout: of a look. vars_files: loaded beside the plan's
    options. volumes: patterns of what PVs of the group hold at this site."""

    timeout: float
    observe_timeout: float
    vars_files: tuple[str, ...]
    volumes: Mapping[str, Any]

    @classmethod
    def read(cls, group: Group, site: str, plan: Plan) -> TaskOptions:
        found = group.options_at(site)
        files = found.get("vars_files", [])
        if not isinstance(files, list) or not all(isinstance(file, str) and file for file in files):
            raise wrong(group, site, f"vars_files: {files!r}", "vars_files: a list of paths")
        paths = {file: beside(plan, file) for file in files}
        if absent := [path for file, path in paths.items() if not os.path.isfile(path)]:
            raise wrong(group, site, f"vars_files: no file {', '.join(absent)}", "paths of files")
        volumes = found.get("volumes")
        if not isinstance(volumes, Mapping) or not volumes:
            raise wrong(group, site, "no volumes", "volumes: what the spec of each PV of the group holds there")
        return cls(
            timeout=_seconds(group, site, found, "timeout", 600.0),
            observe_timeout=_seconds(group, site, found, "observe_timeout", 60.0),
            vars_files=tuple(paths.values()),
            volumes=volumes,
        )

    def hold(self, pv: Mapping[str, Any]) -> bool:
        return _matches(self.volumes, pv["spec"])


def task_file(group: Group, site: str, plan: Plan, verb: str) -> str:
    """The user's file for a verb; empty where the plan names none and the verb can be without.

    All of them are looked for each time: what `promote` lacks would else be told when the source is given up.
    """
    files = group.options_at(site).get("files")
    known = isinstance(files, Mapping) and all(isinstance(file, str) and file for file in files.values())
    if not isinstance(files, Mapping) or not known:
        raise wrong(group, site, "no files", "files: the path of a task file for each verb")
    if unknown := sorted(set(files) - set(VERBS)):
        raise wrong(group, site, f"files: {', '.join(unknown)}", f"files for: {', '.join(VERBS)}")
    if missing := [name for name in NEEDED if name not in files]:
        raise wrong(group, site, f"no file for {', '.join(missing)}", f"files for at least: {', '.join(NEEDED)}")
    paths = {name: beside(plan, file) for name, file in files.items()}
    if absent := [f"files.{name}: {path} is no file" for name, path in paths.items() if not os.path.isfile(path)]:
        raise wrong(group, site, "; ".join(absent), "the path of a task file")
    return paths.get(verb, "")


def beside(plan: Plan, path: str) -> str:
    """A relative path starts at the plan's folder, of a document where the command was started.

    os.path: pathlib raises where a home or a folder is not one's own to see.
    """
    return os.path.join(plan.folder or os.environ.get(STARTED_IN) or os.getcwd(), os.path.expanduser(path))


def _matches(wanted: Mapping[str, Any], shown: Any) -> bool:
    if not isinstance(shown, Mapping):
        return False
    for key, pattern in wanted.items():
        if isinstance(pattern, Mapping):
            if not _matches(pattern, shown.get(key)):
                return False
        elif key not in shown or not any(fnmatchcase(str(shown[key]), str(one)) for one in _listed(pattern)):
            return False
    return True


def _listed(pattern: Any) -> list[Any]:
    return pattern if isinstance(pattern, list) else [pattern]


def _seconds(group: Group, site: str, options: Mapping[str, Any], name: str, default: float) -> float:
    seconds = seconds_of(group, site, options, name, default)
    if not 0 < seconds <= LONGEST:
        raise wrong(group, site, f"{name}: {options[name]}", f"more than nothing, and at most {LONGEST / 3600:.0f}h")
    return seconds
