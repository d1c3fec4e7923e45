# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Retries, Site, Wave
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_secrets import HIDDEN
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.step_hook import StepHook

Document = dict[str, Any]

SMALLEST = {
    "name": "payroll",
    "home": "east",
    "sites": {"east": {"kubeconfig": "east.yml"}, "west": {"kubeconfig": "west.yml"}},
    "protect": {"namespaces": ["payroll"], "selector": {}},
}


def test_the_plan_of_the_design_is_valid(document: Document) -> None:
    plan = parse_plan(document)
    assert (plan.name, plan.home, plan.namespaces) == ("payroll", "east", ("payroll",))
    assert plan.sites["west"].auth == {"kubeconfig": "~/.kube/west", "context": "admin"}
    assert plan.rules[0].set["west"] == {"nfs.server": "198.51.100.10", "nfs.path": "/dr/{pv.name}"}
    assert plan.startup.readiness.timeout == timedelta(minutes=5)
    assert plan.metadata.keep == timedelta(days=14)


def test_the_plan_of_the_documentation_is_valid() -> None:
    page = (Path(__file__).parents[5] / "docs" / "plan.md").read_text(encoding="utf-8")
    plan = parse_plan(yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0]))
    assert [wave.name for wave in plan.startup.waves] == ["databases", "app", "web", "rest"]


def test_the_smallest_plan_gets_its_defaults() -> None:
    plan = parse_plan(SMALLEST)
    assert [(group.name, group.selector.to_query()) for group in plan.groups] == [("payroll", "")]
    assert plan.startup.waves == (Wave("rest", None),)
    assert (plan.startup.max_starting, plan.startup.on_failure, plan.startup.priority) == (20, "continue", 3)
    assert (plan.startup.caps, plan.startup.retries) == ({}, Retries(1, timedelta(seconds=30)))
    assert (plan.metadata.source, plan.metadata.namespace) == ("oadp", "openshift-adp")
    assert (plan.store_namespace, plan.rules, plan.max_lag) == ("ocpvirt-dr", (), None)


def test_a_group_takes_provider_and_lag_of_the_plan_unless_it_has_its_own(document: Document) -> None:
    document["replication"]["groups"][0]["max_lag"] = "1m"
    database, application = parse_plan(document).groups
    assert (database.provider, database.max_lag) == ("csi_addons", timedelta(minutes=1))
    assert (application.provider, application.max_lag) == ("dell_csm", timedelta(minutes=15))


def test_options_of_a_group_lie_over_those_of_the_plan_site_by_site(document: Document) -> None:
    document["replication"]["options"] = {
        "retries": 3,
        "sites": {"east": {"url": "http://a"}, "west": {"url": "http://b"}},
    }
    database, application = document["replication"]["groups"]
    database["options"] = {"retries": 5, "sites": {"west": {"export": "db"}}}
    application["options"] = {"array": "x"}
    database, application = parse_plan(document).groups
    assert database.options_at("east") == {"retries": 5, "url": "http://a"}
    assert database.options_at("west") == {"retries": 5, "url": "http://b", "export": "db"}
    assert application.options_at("west") == {"array": "x"}, "options of the plan are meant for the plan's provider"


def test_waves_run_after_those_they_name_and_otherwise_as_listed(document: Document) -> None:
    document["startup"]["waves"] = [
        {"name": "web", "selector": {"matchLabels": {"tier": "web"}}, "after": ["app"]},
        {"name": "cache", "selector": {"matchLabels": {"tier": "cache"}}},
        {"name": "app", "selector": {"matchLabels": {"tier": "app"}}, "after": ["db"]},
        {"name": "db", "selector": {"matchLabels": {"tier": "db"}}},
    ]
    waves = parse_plan(document).startup.waves
    assert [wave.name for wave in waves] == ["cache", "db", "app", "web", "rest"]
    assert [wave.selector is None for wave in waves] == [False] * 4 + [True]


def test_a_wave_has_a_delay_a_gate_and_a_failure_policy_of_its_own(document: Document) -> None:
    document["startup"]["waves"][0] |= {"delay": "90s", "gate": True, "on_failure": "stop_wave"}
    first, rest = parse_plan(document).startup.waves
    assert (first.delay, first.gate, first.on_failure) == (timedelta(seconds=90), True, "stop_wave")
    assert (rest.delay, rest.gate, rest.on_failure) == (timedelta(0), False, None)


def test_values_of_a_match_that_may_be_lists_always_are() -> None:
    match = {"nfs": {"server": "192.0.2.10"}, "storage_class": "gold", "namespace": ["a", "b"]}
    rule = {"match": match, "set": {"east": {}, "west": {}}}
    plan = parse_plan({**SMALLEST, "volumes": {"rules": [rule]}})
    assert plan.rules[0].match == {
        "namespace": ["a", "b"],
        "storage_class": ["gold"],
        "nfs": {"server": ["192.0.2.10"]},
    }


def test_the_peer_is_the_other_site_and_an_unknown_site_is_refused_with_the_known_ones(document: Document) -> None:
    plan = parse_plan(document)
    assert (plan.peer_of("east"), plan.peer_of("west")) == ("west", "east")
    for ask in (plan.site, plan.peer_of):
        with pytest.raises(Refused, match="north, which is not one of its sites; wanted: east or west"):
            ask("north")


def test_all_groups_that_select_a_claim_are_found(document: Document) -> None:
    document["replication"]["groups"].append({"name": "all", "selector": {}})
    plan = parse_plan(document)
    assert [group.name for group in plan.group_for({"tier": "db"})] == ["payroll-db", "all"]
    assert [group.name for group in plan.group_for({})] == ["all"]


def test_a_claims_group_is_found_without_trying_every_group(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"db-{number}" for number in range(100)]
    selectors = {name: {"matchLabels": {"app": "db", "vm": name}} for name in names}
    document["replication"]["groups"] = [{"name": name, "selector": item} for name, item in selectors.items()]
    plan = parse_plan(document)
    tried: list[object] = []
    matches = LabelSelector.matches
    monkeypatch.setattr(LabelSelector, "matches", lambda self, labels: tried.append(self) or matches(self, labels))
    found = [plan.group_for({"app": "db", "vm": name, "tier": "gold"}) for name in names]
    assert [[group.name for group in groups] for groups in found] == [[name] for name in names]
    assert len(tried) == 100


def test_the_normalised_document_is_plain_data_that_means_the_same_plan(document: Document) -> None:
    plan = parse_plan(document)
    again = parse_plan(json.loads(json.dumps(plan.document)))
    assert again == plan
    assert again.document == plan.document


def test_the_fingerprint_is_that_of_the_meaning_not_of_the_spelling(document: Document) -> None:
    other = {key: deepcopy(document[key]) for key in reversed(document)}
    other["replication"]["max_lag"] = 900
    other["metadata"].pop("prestage")
    other["volumes"]["rules"][0]["match"]["nfs"]["server"] = tuple(
        document["volumes"]["rules"][0]["match"]["nfs"]["server"]
    )
    other["hooks"]["after_start"] = [{"tasks": "…"}]
    assert parse_plan(other).fingerprint() == parse_plan(document).fingerprint()
    other["startup"]["max_starting"] = 41
    assert parse_plan(other).fingerprint() != parse_plan(document).fingerprint()


def test_the_plan_does_not_share_data_with_the_document_it_came_from(document: Document) -> None:
    plan = parse_plan(document)
    before = plan.fingerprint()
    document["volumes"]["rules"][0]["set"]["west"]["nfs.path"] = "/elsewhere"
    document["replication"]["groups"][1]["options"]["added"] = 1
    assert plan.fingerprint() == before


def test_other_spellings_of_kubernetes_core_become_one(document: Document) -> None:
    document["sites"]["west"].update(verify_ssl=False, ssl_ca_cert="ca.pem", cert_file="c.pem", key_file="k.pem")
    auth = parse_plan(document).sites["west"].auth
    assert auth["validate_certs"] is False
    assert (auth["ca_cert"], auth["client_cert"], auth["client_key"]) == ("ca.pem", "c.pem", "k.pem")


def test_p10_a_site_never_shows_its_secrets() -> None:
    auth = {"host": "https://a", "api_key": "s3cret", "password": "s3cret", "kubeconfig": {"token": "s3cret"}}
    text = repr(Site("east", {**auth, "proxy_headers": {"basic_auth": "s3cret"}}))
    assert "s3cret" not in text
    assert HIDDEN in text
    assert "https://a" in text


def test_an_invalid_plan_is_one_of_the_errors_of_the_collection(document: Document) -> None:
    document["home"] = "north"
    with pytest.raises(PlanInvalid) as caught:
        parse_plan(document)
    assert isinstance(caught.value, DrError)
    assert str(caught.value) == ('The plan payroll has 1 problem:\n  home: unknown site "north"; allowed: east, west')
    assert caught.value.facts()["problems"] == [
        {"path": "home", "message": 'unknown site "north"', "allowed": ["east", "west"]}
    ]


def test_the_hooks_of_a_plan_are_in_the_order_in_which_they_run(document: Document) -> None:
    document["hooks"] = {
        "after_start": [{"tasks": "b.yml", "timeout": "1h", "always": True}],
        "before_capture": ["a.yml"],
    }
    assert parse_plan(document).hooks == (
        StepHook("before_capture", "a.yml", timedelta(minutes=5)),
        StepHook("after_start", "b.yml", timedelta(hours=1), "fail", always=True),
    )
