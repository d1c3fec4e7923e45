# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P2 for one volume as it is at a site: the fields that still name the other site. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._errors import Refused
from ..._model.plan import VolumeRule
from .compare import fields_that_point_home
from .patch import filled, match_rule
from .source import field_name
from .template import CapturedVolume


def fields_of_the_other_site(
    pv: Mapping[str, Any],
    pvc: Mapping[str, Any],
    rules: Sequence[VolumeRule],
    site: str,
    vms: Sequence[str] = (),
) -> list[tuple[str, Any]]:
    """Field and value of each: constants that the rule has for the other site only, and what its templates give there.

    Refused when no rule matches: nothing says then what the volume should be.
    """
    rule, volume = match_rule(rules, pv, pvc, site, vms)
    found: dict[str, Any] = dict(fields_that_point_home([pv["spec"], pvc["spec"]], rule, site))
    for field, value in _as_theirs(rule, site, volume):
        found.setdefault(field, value)
    return list(found.items())


def _as_theirs(rule: VolumeRule, site: str, volume: CapturedVolume) -> Iterator[tuple[str, Any]]:
    ours = filled(rule, site, volume)
    for other in (name for name in rule.set if name != site):
        try:
            theirs = filled(rule, other, volume)
        except Refused:
            # a volume that lacks a value for the other site cannot have got its fields from there
            continue
        for path, value in theirs.items():
            seen = _at(volume.pv["spec"], path)
            if seen == value and seen != ours[path]:
                yield field_name(path), value


def _at(spec: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = spec
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
