# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume patching: (PV, PVC, rules, target site) to the PV and PVC to create there, with reasons (P2). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..._errors import Refused
from ..._model.plan import VolumeRule
from ..._model.plan_volume_fields import field_kind, field_path
from .clean import clean_pv, clean_pvc
from .compare import fields_that_point_home
from .decided import DecidedVolume
from .drivers import driver_of
from .rule_match import RuleMatcher
from .source import source_names, source_of
from .template import CapturedVolume, Template

Object = dict[str, Any]

# a bound claim has the same as its volume
_OF_BOTH = ("storageClassName", "volumeAttributesClassName")


@dataclass(frozen=True)
class VolumeDecision:
    """What to create at the target for one claim. rule: index of the rule that matched. reasons: for people.

    fields: paths in the PV's spec that the rule sets.
    """

    pv: Object
    pvc: Object
    rule: int
    reasons: tuple[str, ...]
    fields: frozenset[tuple[str, ...]] = frozenset()

    @property
    def claim(self) -> str:
        return _claim(self.pvc)


def patch_volume(
    pv: Mapping[str, Any],
    pvc: Mapping[str, Any],
    rules: Sequence[VolumeRule],
    target: str,
    vms: Sequence[str] = (),
) -> VolumeDecision:
    """Decide the target's PV and PVC.

    Refused when no rule matches, when a value of the other site would stay, or when the volume's driver could not use
    what the rule makes of it. vms: names of the VMs that use the claim, for {vm.name}.
    """
    rule, volume = match_rule(rules, pv, pvc, target, vms)
    new_pv, new_pvc = clean_pv(pv), clean_pvc(pvc)
    reasons = [f"rule {rule.index} matches {source_of(pv)}"]
    if pv["spec"].get("nodeAffinity"):
        reasons.append("nodeAffinity removed: it names nodes or zones of the other site")
    reasons += driver_of(pv["spec"]).prepare(new_pv, pv)
    compiled = _compiled(rule, target)
    for field, path, template in compiled.setters:
        value = template.fill(volume)
        before = _assign(new_pv["spec"], path, value)
        if before != value:
            reasons.append(f"{field}: {before!r} becomes {value!r}")
    _check_source(new_pv, volume.on, rule)
    for name in _OF_BOTH:
        if name in new_pv["spec"]:
            new_pvc["spec"][name] = new_pv["spec"][name]
    for field, strange in fields_that_point_home([new_pv["spec"], new_pvc["spec"]], rule, target):
        raise Refused(
            "patch the volume",
            on=volume.on,
            seen=f"after rule {rule.index} it still holds {strange!r}, a value of the other site",
            wanted=f"only values of {target}",
            next_step=f"set {field} under volumes.rules[{rule.index}].set.{target}",
        )
    decided = DecidedVolume(pv, new_pv["spec"], rule.index, target, compiled.fields)
    reasons += driver_of(new_pv["spec"]).check(decided)
    return VolumeDecision(new_pv, new_pvc, rule.index, tuple(reasons), compiled.fields)


def match_rule(
    rules: Sequence[VolumeRule], pv: Mapping[str, Any], pvc: Mapping[str, Any], target: str, vms: Sequence[str]
) -> tuple[VolumeRule, CapturedVolume]:
    """The first rule that matches, and what its templates are filled from."""
    for rule in rules:
        captures = _compiled(rule, target).matcher.captures(pv, pvc)
        if captures is not None:
            return rule, CapturedVolume(pv, pvc, tuple(vms), captures)
    raise Refused(
        "patch the volume",
        on=f"PersistentVolume/{pv['metadata']['name']}",
        seen=f"no rule of {len(rules)} matches {source_of(pv)}",
        wanted="a rule in volumes.rules that says what this volume is at each site",
        next_step=f"add a rule for it to the plan; its claim is {_claim(pvc)}",
    )


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    """setters: field as the plan writes it, its path, what it is set to. fields: the paths."""

    matcher: RuleMatcher
    setters: tuple[tuple[str, tuple[str, ...], Template], ...]
    fields: frozenset[tuple[str, ...]]


def filled(rule: VolumeRule, site: str, volume: CapturedVolume) -> dict[tuple[str, ...], Any]:
    """What the rule sets at a site, by path. Refused when a placeholder has no value."""
    return {path: template.fill(volume) for _field, path, template in _compiled(rule, site).setters}


@lru_cache(maxsize=1024)
def _compiled(rule: VolumeRule, target: str) -> _CompiledRule:
    paths = {field: field_path(field) for field in rule.set[target]}
    setters = tuple((field, path, Template(rule.set[target][field], field_kind(path))) for field, path in paths.items())
    return _CompiledRule(RuleMatcher(rule.match), setters, frozenset(paths.values()))


def _check_source(pv: Mapping[str, Any], on: str, rule: VolumeRule) -> None:
    sources = source_names(pv["spec"])
    if len(sources) != 1:
        raise Refused(
            "patch the volume",
            on=on,
            seen=f"after rule {rule.index} it has {len(sources)} sources: {', '.join(sources) or 'none'}",
            wanted="exactly one",
            next_step=f"let volumes.rules[{rule.index}].match take only volumes of the source whose fields it sets",
        )


def _assign(spec: Object, path: Sequence[str], value: Any) -> Any:
    """Set the field and give back what was there."""
    *parents, last = path
    place = spec
    for key in parents:
        place = place.setdefault(key, {})
    before = place.get(last)
    place[last] = value
    return before


def _claim(pvc: Mapping[str, Any]) -> str:
    return f"{pvc['metadata']['namespace']}/{pvc['metadata']['name']}"
