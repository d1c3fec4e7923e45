# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an approval approves: the plan, what it protects, and what a run would do with it. Pure.

A picture holds digests of objects, not their content: it may be kept, and Secrets are among them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..._errors import Refused
from ..._model.plan_problem import render_path
from ..._model.vm import power_record
from ..._model.workload import RESOURCES, workload_record
from ..capture.drift import owned_content, shown_power

# of each digest, in hexadecimal digits
PART, DIGEST = 32, 12
FORM = re.compile(rf"([0-9a-f]{{{PART}}})-([0-9a-f]{{{PART}}})-([0-9a-f]{{{PART}}})")
PARTS = ("the decisions", "the plan", "the protected objects")
POWER = "power"

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Picture:
    """plan: path to value, as JSON. objects: kind/namespace/name to the digests of its parts. decisions: in words."""

    decisions: Mapping[str, str]
    plan: Mapping[str, str]
    objects: Mapping[str, Mapping[str, str]]

    @property
    def fingerprint(self) -> str:
        """One digest for each of PARTS, so that it tells by itself which of them has changed."""
        return "-".join(_digest(part, PART) for part in (self.decisions, self.plan, self.objects))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def take_picture(
    decisions: Mapping[str, str], document: Mapping[str, Any], objects: Iterable[tuple[str, Object]]
) -> Picture:
    """document: the plan, normalised. objects: each with its kind, which a list does not tell."""
    seen = {_key(kind, item): _parts(kind, item) for kind, item in objects}
    return Picture(dict(decisions), dict(_leaves(document, ())), seen)


def check_form(fingerprint: str) -> None:
    if fingerprint and not FORM.fullmatch(fingerprint):
        raise Refused(
            "begin the run that was approved",
            seen=f"dr_fingerprint={fingerprint[:200]}",
            wanted=f"three times {PART} hexadecimal digits with - between, as the run in check mode has shown them",
            next_step="run the same command with --check and without dr_fingerprint; it shows the fingerprint",
        )


def differences(approved: Picture, now: Picture) -> list[str]:
    """In words, in the order of PARTS."""
    return [
        *_changed("", approved.decisions, now.decisions),
        *_changed("plan: ", approved.plan, now.plan),
        *_changed_objects(approved.objects, now.objects),
    ]


def differing_parts(approved: str, now: Picture) -> list[str]:
    """What a fingerprint tells by itself, where its picture is not at hand."""
    pairs = zip(PARTS, approved.split("-"), now.fingerprint.split("-"), strict=True)
    return [part for part, before, after in pairs if before != after]


def _changed(prefix: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            yield f"{prefix}{key} was {before[key]} and is not there any more"
        elif key not in before:
            yield f"{prefix}{key} is new: {after[key]}"
        elif before[key] != after[key]:
            yield f"{prefix}{key} was {before[key]} and is {after[key]}"


def _changed_objects(before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if now is None:
            yield f"{key} was removed"
        elif was is None:
            yield f"{key} is new"
        else:
            changed = [part for part in sorted(was.keys() | now.keys()) if was.get(part) != now.get(part)]
            if POWER in changed:
                yield f"{key} was {was.get(POWER)} and is {now.get(POWER)}"
            if others := [part for part in changed if part != POWER]:
                yield f"{key} was changed: {', '.join(others)}"


def _parts(kind: str, item: Object) -> dict[str, str]:
    """Of the spec its own parts too, as that is where people look."""
    content = owned_content(item)
    spec = content.pop("spec", None)
    named = {name: part for name, part in content.items() if part}
    named |= {f"spec.{name}": part for name, part in (spec or {}).items()}
    found = {name: _digest(part, DIGEST) for name, part in named.items()}
    if kind == "VirtualMachine":
        found[POWER] = shown_power(power_record(item))
    elif kind in RESOURCES:
        found[POWER] = shown_power(workload_record(item))
    return found


def _key(kind: str, item: Object) -> str:
    meta = item["metadata"]
    return "/".join(filter(None, (kind, meta.get("namespace"), meta["name"])))


def _leaves(value: Any, at: tuple[Any, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key in value:
            yield from _leaves(value[key], (*at, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*at, index))
    else:
        yield render_path(at), json.dumps(value, sort_keys=True)


def _digest(value: Any, digits: int) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:digits]
