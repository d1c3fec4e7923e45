# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume rules that get in each other's way: the first that matches decides, which may not be the one meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._errors import Refused
from ..._model.finding import Finding
from ..._model.plan import VolumeRule
from .compare import changed
from .patch import patch_volume
from .rule_match import RuleMatcher
from .source import field_name

Volume = tuple[Mapping[str, Any], Mapping[str, Any], Sequence[str]]


@dataclass
class _Overlap:
    """Volumes that an earlier rule takes and a later one matches too. example: how the two differ, of the first."""

    volumes: int = 0
    example: str = ""


def overlaps(rules: Sequence[VolumeRule], volumes: Iterable[Volume], target: str) -> list[Finding]:
    """volumes: PV, PVC and the VMs that use it. A last rule that matches everything is meant to lose: no finding."""
    matchers = [(rule, RuleMatcher(rule.match)) for rule in rules]
    decides, matches = dict.fromkeys(range(len(rules)), 0), dict.fromkeys(range(len(rules)), 0)
    found: dict[tuple[int, int], _Overlap] = {}
    for volume in volumes:
        matching = [rule for rule, matcher in matchers if matcher.captures(volume[0], volume[1]) is not None]
        for rule in matching:
            matches[rule.index] += 1
        for rule in matching[:1]:
            decides[rule.index] += 1
        for later in matching[1:]:
            if later.match:
                overlap = found.setdefault((matching[0].index, later.index), _Overlap())
                overlap.volumes += 1
                overlap.example = overlap.example or _difference(matching[0], later, volume, target)
    return [
        *(_conflict(first, later, overlap) for (first, later), overlap in sorted(found.items()) if overlap.example),
        *(_shadowed(rule, matches[rule.index]) for rule in rules if matches[rule.index] and not decides[rule.index]),
    ]


def _difference(first: VolumeRule, later: VolumeRule, volume: Volume, target: str) -> str:
    """In words; empty when both make the same of it."""
    one, other = _made(first, volume, target), _made(later, volume, target)
    name = volume[0]["metadata"]["name"]
    if isinstance(one, str) or isinstance(other, str):
        told = [
            f"rule {rule.index} {f'refuses it ({made})' if isinstance(made, str) else 'patches it'}"
            for rule, made in ((first, one), (later, other))
        ]
        return "" if isinstance(one, str) and isinstance(other, str) else f"{name}: {', '.join(told)}"
    for path, mine, theirs in changed(one, other):
        return f"{name}: {field_name(path)} is {mine!r} by rule {first.index}, {theirs!r} by rule {later.index}"
    return ""


def _made(rule: VolumeRule, volume: Volume, target: str) -> dict[str, Any] | str:
    """The PV's spec, or why the rule is refused."""
    pv, pvc, vms = volume
    try:
        spec: dict[str, Any] = patch_volume(pv, pvc, [rule], target, vms).pv["spec"]
    except Refused as error:
        return error.seen or str(error)
    return spec


def _conflict(first: int, later: int, overlap: _Overlap) -> Finding:
    return Finding(
        "warning",
        "RuleConflict",
        f"volumes.rules[{later}]",
        f"matches {overlap.volumes} volumes that rule {first} takes before it and would patch them otherwise:"
        f" {overlap.example}",
        f"the first rule decides: let the `match` of one of them leave these volumes out, or put volumes.rules[{later}]"
        f" before volumes.rules[{first}]",
    )


def _shadowed(rule: VolumeRule, volumes: int) -> Finding:
    return Finding(
        "warning",
        "RuleShadowed",
        f"volumes.rules[{rule.index}]",
        f"decides nothing: rules before it take all {volumes} volumes that it matches",
        "put it before them, or remove it",
    )
