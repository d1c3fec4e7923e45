# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P2: values of the other site in a patched volume, and what of a volume read back is not as decided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..._model.plan import VolumeRule
from ..._model.plan_volume_fields import split_template, texts_of
from ..._model.quantity import same_quantity
from .source import field_name

# they name objects, which are called the same at both sites
OBJECT_NAMES = ("claimRef", "volumeName")
# what tells a site apart, in a text beside placeholders: a host, an IPv4 or IPv6 address, the UUID of a cluster
ADDRESS = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}"
    r"|[\w-]+(?:\.[\w-]+)+"
)
_HOST_AND_PORT = re.compile(r"\[?(?P<host>[\w.-]+|[0-9a-fA-F:]+)\]?:\d+")


def points_home(parts: Sequence[Mapping[str, Any]], rule: VolumeRule, target: str) -> list[str]:
    """Strings that hold a constant which the rule gives to the other site and not to the target."""
    return [text for _field, text in fields_that_point_home(parts, rule, target)]


def fields_that_point_home(
    parts: Sequence[Mapping[str, Any]], rule: VolumeRule, target: str
) -> Iterator[tuple[str, str]]:
    """Field and text of each."""
    theirs = _theirs(rule, target)
    if not theirs.constants:
        return
    # a control character, which no constant has, keeps the texts apart
    everything = "\0".join(text for part in parts for text in _texts(part, []))
    if not any(text in everything for text in theirs.constants):
        return
    for part in parts:
        for key, value in part.items():
            if key in OBJECT_NAMES:
                continue
            for place, text in texts_of(value, (key,)):
                if theirs.pattern.search(text):
                    yield field_name([step for step in place if isinstance(step, str)]), text


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as it should be."""

    path: tuple[str, ...]
    wanted: Any
    seen: Any

    @property
    def field(self) -> str:
        return field_name(self.path) or "spec"

    def __str__(self) -> str:
        return f"{self.field}: wanted {self.wanted!r}, is {self.seen!r}"


def differences(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Where an object read back from the API server is not what was decided; defaults that it added don't count."""
    return [str(difference) for difference in compare(wanted["spec"], seen["spec"])]


def compare(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> list[Difference]:
    """The same for two specs, field by field."""
    return [*_differ((), wanted, seen)]


def changed(now: Any, then: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Path, value now and value then of every field in which two specs differ; None: absent."""
    if isinstance(now, dict) and isinstance(then, dict):
        for key in [*now, *(key for key in then if key not in now)]:
            yield from changed(now.get(key), then.get(key), (*path, key))
    elif now != then:
        yield path, now, then


def _texts(value: Any, found: list[str]) -> list[str]:
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, (dict, list)):
            _texts(item, found)
    return found


@dataclass(frozen=True, slots=True)
class _Theirs:
    """Constants that only the other site has, and one expression that finds them where they stand alone."""

    constants: tuple[str, ...]
    pattern: re.Pattern[str]


@lru_cache(maxsize=1024)
def _theirs(rule: VolumeRule, target: str) -> _Theirs:
    ours = [text for _place, text in texts_of(rule.set[target])]
    all_theirs = {text for site, fields in rule.set.items() if site != target for text in _constants(fields)}
    alone = sorted(text for text in all_theirs if not any(re.search(_bounded(text), own) for own in ours))
    return _Theirs(tuple(alone), re.compile("|".join(_bounded(text) for text in alone)))


def _bounded(text: str) -> str:
    """An expression that finds the text where it is not part of a longer name or address."""
    edge = r"\w.:-" if text.count(":") > 1 and _is_address(text) else r"\w.-"
    return rf"(?<![{edge}]){re.escape(text)}(?![{edge}])"


def _is_address(text: str) -> bool:
    return ADDRESS.fullmatch(text) is not None


def _constants(fields: Mapping[str, Any]) -> Iterator[str]:
    """Whole texts, the host of a host with its port, and of templates the addresses beside their placeholders."""
    for _place, text in texts_of(fields):
        pieces = split_template(text)
        if len(pieces) > 1:
            yield from (found for found in ADDRESS.findall(" ".join(pieces[::2])) if found.strip(":"))
        elif text:
            yield text
            portal = _HOST_AND_PORT.fullmatch(text)
            if portal:
                yield portal["host"]


def _differ(path: tuple[str, ...], wanted: Any, seen: Any) -> Iterator[Difference]:
    if isinstance(wanted, dict):
        if isinstance(seen, dict):
            for key, value in wanted.items():
                yield from _differ((*path, key), value, seen.get(key))
        # the API server leaves out what is empty
        elif wanted or seen is not None:
            yield Difference(path, wanted, seen)
    elif wanted != seen and not _means_the_same(path, wanted, seen):
        yield Difference(path, wanted, seen)


def _means_the_same(path: tuple[str, ...], wanted: Any, seen: Any) -> bool:
    if seen is None:
        return bool(wanted == [])
    if path[-1:] == ("storage",):
        return same_quantity(wanted, seen)
    return path == ("accessModes",) and isinstance(seen, list) and sorted(wanted) == sorted(seen)
