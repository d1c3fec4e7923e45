# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A product that a plan describes is checked with the plan: each problem by its path, before anything happens."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model import expression
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.expression import check_expression, evaluate
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.filled_text import fill, places_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

MINIMAL: dict[str, Any] = {
    "resource": {"group": "example.org", "version": "v1", "kind": "Mirror", "plural": "mirrors"},
    "name": "{claim.name}",
    "covers": "spec.csi.driver == 'example.org'",
    "status": {"role": "status.role"},
    "verbs": {
        "promote": {"patch": {"spec": {"role": "primary"}}},
        "demote": {"patch": {"spec": {"role": "secondary"}}},
    },
}


def with_(path: str, value: Any) -> dict[str, Any]:
    """The minimal description with another value somewhere; None takes the key away."""
    found = copy.deepcopy(MINIMAL)
    *parents, last = path.split(".")
    inner = found
    for name in parents:
        inner = inner.setdefault(name, {})
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return found


def problems(options: Any, **replication: Any) -> list[str]:
    try:
        plan_of(replication={"provider": "custom", "options": options, **replication})
    except PlanInvalid as error:
        return [str(problem) for problem in error.problems]
    return []


def test_the_least_that_describes_a_product() -> None:
    assert problems(MINIMAL) == []


def test_another_providers_options_are_its_own_affair() -> None:
    assert plan_of(replication={"provider": "nfs", "options": {"status": {"role": "]["}}})


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("status.role", None, "replication.options.status.role: is required"),
        ("verbs.demote", None, "replication.options.verbs.demote: is required"),
        ("covers", None, "replication.options.covers: is required"),
        ("resource", None, "replication.options.resource: is required"),
        ("resource.kind", None, "replication.options.resource.kind: is required"),
        ("resource.plural", "a b", "replication.options.resource.plural: got"),
        ("resource.namespaced", "yes", "replication.options.resource.namespaced: got"),
        ("status.rol", "a", "replication.options.status.rol: unknown key, did you mean role?"),
        ("statuses", {}, "replication.options.statuses: unknown key, did you mean status?"),
        ("status.role", "status.[", "replication.options.status.role: got the text"),
        ("status.health", "lenght(a)", "JMESPath has no function lenght()"),
        ("status.health", "contains(a)", "contains() takes 2 arguments, got 1"),
        ("status.health", "join(a, b, c)", "join() takes 2 arguments, got 3"),
        ("status.proof", "!a[?b]", "replication.options.status.proof: got the text"),
        ("status.proof", "a && !b.c[?d == 'e'].f | [0]", "put parentheses around what it negates"),
        ("status.proof", "!b.c", "as !(a.b)"),
        ("status.proof", 7, "replication.options.status.proof: got the number 7, wanted a JMESPath expression"),
        ("verbs.promote", [{}, {"done": "(a"}], "replication.options.verbs.promote[1].done: got the text"),
        ("verbs.promote", {"timeout": "soon"}, "replication.options.verbs.promote.timeout: got"),
        ("verbs.promote", {"wait": 3}, "replication.options.verbs.promote.wait: unknown key"),
        ("verbs.promote", {"patch": ["a"]}, "replication.options.verbs.promote.patch: got a list, wanted a mapping"),
        ("verbs.fence", {}, "replication.options.verbs.fence: unknown key"),
        ("name", "{claim.nam}", "replication.options.name: unknown place {claim.nam}, did you mean claim.name?"),
        ("name", "{role}", "replication.options.name: unknown place {role}"),
        ("name", "a}b", "replication.options.name: unknown place {}}"),
        ("verbs.promote", {"patch": {"spec": {"to": ["{sit}"]}}}, "verbs.promote.patch.spec.to[0]: unknown place"),
        (
            "verbs.promote",
            {"patch": {"spec": {"class": "{values.class}"}}},
            "{values.class} has no value at every site",
        ),
        ("per", "claim", "replication.options.per: got the text"),
        ("timeout", "0s", "replication.options.timeout: got"),
    ],
)
def test_a_problem_is_named_by_its_path(path: str, value: Any, said: str) -> None:
    found = problems(with_(path, value))
    assert [said in problem for problem in found].count(True) == 1, found


@pytest.mark.parametrize("body", ["create", "verbs.demote.patch"])
@pytest.mark.parametrize(
    ("metadata", "where"),
    [
        ("a", "metadata"),
        (None, "metadata"),
        ({"labels": None}, "metadata.labels"),
        ({"annotations": ["a"]}, "metadata.annotations"),
    ],
)
def test_p5_metadata_that_takes_no_marks_is_said_before_a_switch_stops_at_it(
    body: str, metadata: Any, where: str
) -> None:
    """A demotion counts on its object, whatever the plan's patch is."""
    found = problems(with_(body, {"metadata": metadata}))
    assert [problem.split(",")[0].split(": got")[0] for problem in found] == [f"replication.options.{body}.{where}"]
    assert found[0].endswith("wanted a mapping")


def test_metadata_that_takes_marks_is_the_plans_affair() -> None:
    metadata = {"labels": {"a": "b"}, "annotations": {"c": "{plan}", "gone": None}, "finalizers": ["d"]}
    assert problems(with_("create", {"metadata": metadata})) == []


@pytest.mark.parametrize(("name", "value"), [("kind", "VolumeGroup"), ("apiVersion", "v1"), ("kind", None)])
def test_an_object_to_create_that_is_none_of_the_resource_is_said(name: str, value: Any) -> None:
    (found,) = problems(with_("create", {name: value, "spec": {}}))
    assert found.startswith(f"replication.options.create.{name}: is not the resource's, ")


def test_an_object_to_create_may_say_what_it_is() -> None:
    assert problems(with_("create", {"apiVersion": "example.org/v1", "kind": "Mirror", "spec": {}})) == []


def test_a_resource_without_a_name_of_its_kind_is_said_whatever_else_is_wrong() -> None:
    found = problems({**with_("resource.namespaced", False), "namespace": "storage", "resource": {"namespaced": False}})
    assert "replication.options.resource.kind: is required" in found


def test_a_group_has_no_claim_to_name_things_by() -> None:
    found = problems({**MINIMAL, "per": "group"})
    assert len(found) == 2
    assert "replication.options.name: unknown place {claim.name}" in found[0]
    assert found[1].startswith("replication.options.namespace: is required")


def test_what_has_no_namespace_gets_none() -> None:
    found = problems({**with_("resource.namespaced", False), "namespace": "storage"})
    assert found == ["replication.options.namespace: Mirror has none: resource.namespaced is false"]


def test_a_problem_of_one_site_is_named_there_and_one_of_both_sites_once() -> None:
    options = {**with_("status.role", "(a"), "sites": {"west": {"name": "{nobody}", "covers": "b("}}}
    found = [problem.split(":")[0] for problem in problems(options)]
    assert found == [
        "replication.options.status.role",
        "replication.options.sites.west.name",
        "replication.options.sites.west.covers",
    ]


def test_a_groups_own_description_is_checked_over_the_plans() -> None:
    groups = [
        {"name": "one", "selector": {}, "options": {"covers": "(a"}},
        {"name": "two", "selector": {"matchLabels": {"a": "b"}}, "provider": "nfs", "options": {"covers": "(a"}},
    ]
    assert [problem.split(":")[0] for problem in problems(MINIMAL, groups=groups)] == [
        "replication.groups[0].options.covers"
    ]


def test_a_group_that_alone_is_described_is_checked_too() -> None:
    groups = [{"name": "one", "selector": {}, "provider": "custom", "options": {"name": "a"}}]
    with pytest.raises(PlanInvalid, match=r"replication.groups\[0\].options.resource: is required by provider custom"):
        plan_of(replication={"provider": "nfs", "groups": groups})


def test_values_may_differ_between_the_sites() -> None:
    options = with_("verbs.promote", {"patch": {"spec": {"class": "{values.class}"}}})
    assert problems({**options, "sites": {site: {"values": {"class": site}} for site in ("east", "west")}}) == []


def test_without_the_package_the_plan_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression, "jmespath", None)
    assert any("need the Python package jmespath" in problem for problem in problems(MINIMAL))


def test_what_is_filled_in_is_never_looked_at_again() -> None:
    places = {"claim.name": "{plan}", "plan": "payroll"}
    text = {"a": ["{claim.name}", "{{plan}}"], "b": 7}
    assert fill(text, places) == {"a": ["{plan}", "{plan}"], "b": 7}
    assert list(places_of("{a}{{b}}{c.d}")) == ["a", "c.d"]


def test_an_expression_reads_plain_data() -> None:
    assert check_expression("a[?b == 'c'].d | [0]") == "a[?b == 'c'].d | [0]"
    assert evaluate("a[?b == 'c'].d | [0]", {"a": [{"b": "c", "d": "{{ 7 * 7 }}"}]}) == "{{ 7 * 7 }}"
    with pytest.raises(ValueError, match="invalid type"):
        evaluate("sum(a)", {"a": "b"})
