# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that match the same volumes."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.finding import Finding
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import VolumeRule
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.rule_overlap import overlaps


def rule(index: int, match: dict[str, Any], server: str = "w", **west: str) -> VolumeRule:
    return VolumeRule(index, match, {"east": {"nfs.server": "e"}, "west": {"nfs.server": server, **west}})


def volume(name: str) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    pv = {
        "metadata": {"name": name},
        "spec": {"nfs": {"server": "e", "path": f"/{name}"}, "claimRef": {"namespace": "payroll", "name": name}},
    }
    return pv, {"metadata": {"namespace": "payroll", "name": name}, "spec": {"volumeName": name}}, ()


VOLUMES = [volume("db-0"), volume("db-1"), volume("web-0")]
DB, ALL = {"name": "db-.*"}, {"name": ".*"}


def found(*rules: VolumeRule) -> list[Finding]:
    return overlaps(rules, VOLUMES, "west")


def test_two_rules_in_conflict_are_a_finding_that_shows_what_each_would_do() -> None:
    [finding] = found(rule(0, DB, "one"), rule(1, ALL, "two"))
    assert (finding.severity, finding.code, finding.on) == ("warning", "RuleConflict", "volumes.rules[1]")
    assert finding.message == (
        "matches 2 volumes that rule 0 takes before it and would patch them otherwise:"
        " db-0: nfs.server is 'one' by rule 0, 'two' by rule 1"
    )
    assert "volumes.rules[1] before volumes.rules[0]" in finding.remedy


def test_a_rule_that_would_refuse_what_another_one_patches_is_in_conflict_with_it() -> None:
    [finding] = found(rule(0, DB), rule(1, ALL, "w", **{"nfs.path": "/{pv.labels[tier]}"}))
    assert "db-0: rule 0 patches it, rule 1 refuses it ({pv.labels[tier]} has no value here)" in finding.message


def test_a_rule_whose_volumes_are_all_taken_before_it_decides_nothing() -> None:
    conflict, shadowed = found(rule(0, ALL, "one"), rule(1, DB, "two"))
    assert (conflict.code, shadowed.code, shadowed.on) == ("RuleConflict", "RuleShadowed", "volumes.rules[1]")
    assert shadowed.message == "decides nothing: rules before it take all 2 volumes that it matches"


def test_rules_that_make_the_same_of_a_volume_are_in_no_conflict() -> None:
    assert found(rule(0, DB), rule(1, ALL)) == []


def test_the_last_rule_that_takes_the_rest_is_in_no_conflict() -> None:
    assert found(rule(0, DB, "one"), rule(1, {}, "two")) == []


def test_a_last_rule_that_takes_the_rest_and_gets_nothing_is_a_finding() -> None:
    assert [finding.code for finding in found(rule(0, ALL, "one"), rule(1, {}, "two"))] == ["RuleShadowed"]


def test_rules_for_different_volumes_are_no_finding() -> None:
    assert found(rule(0, DB, "one"), rule(1, {"name": "web-.*"}, "two"), rule(2, {"name": "none"})) == []
