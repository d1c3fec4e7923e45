# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Site
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import plan_source
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.plan_source import (
    describe_plan,
    load_plan,
    resolve_auth,
    resolve_references,
)

PLAN = """\
name: payroll
home: east
sites:
  east: {kubeconfig: ~/.kube/east}
  west: {kubeconfig: ~/.kube/west}
protect: {namespaces: [payroll], selector: {}}
replication: {max_lag: 15m}
"""


@pytest.fixture
def plan_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "payroll.yml"
    path.write_text(PLAN, encoding="utf-8")
    return path


def refusal(source: str) -> str:
    with pytest.raises(Refused) as caught:
        load_plan(source)
    return str(caught.value)


def test_a_plan_is_read_from_a_file_or_is_the_document_itself(plan_file: Path) -> None:
    plan = load_plan(str(plan_file))
    assert load_plan("~/payroll.yml") == plan
    assert load_plan(plan.document) == plan


def test_a_file_that_cannot_be_read_is_named_with_the_reason(plan_file: Path) -> None:
    absent = str(plan_file.with_name("absent.yml"))
    assert refusal(absent).startswith(f"read the plan {absent}; seen: no such file or directory; wanted:")
    assert "is a directory" in refusal(str(plan_file.parent))
    plan_file.write_bytes(b"name: \xff")
    assert "it is not UTF-8 text" in refusal(str(plan_file))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("name: [payroll\nhome: s3cret\n", "it is not YAML: line 2, column 5: "),
        ("metadata: {schedule: * 2 * * s3cret}\n", "it is not YAML: line 1, column"),
        ("name: !vault s3cret\n", "could not determine a constructor for the tag '!vault'"),
        ("a: 1\n---\nb: 2\n", "but found another document"),
        ("when: 2024-13-45\n", "a value that cannot be read (ValueError)"),
        ("a: " + "[" * 100_000, "nested in more than 100 levels"),
        ("a: " + "{b: " * 101 + "}" * 101, "nested in more than 100 levels"),
        ("a: \x00", "it is not YAML"),
    ],
)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_what_is_not_yaml_is_refused_with_the_line_and_without_its_content(
    plan_file: Path, monkeypatch: pytest.MonkeyPatch, loader: type[yaml.SafeLoader], text: str, seen: str
) -> None:
    monkeypatch.setattr(plan_source, "LOADER", loader)
    plan_file.write_text(text, encoding="utf-8")
    message = refusal(str(plan_file))
    assert seen in message
    assert "s3cret" not in message


def test_every_key_given_twice_is_refused_with_its_path_and_lines(plan_file: Path) -> None:
    again = "  west: {kubeconfig: c, kubeconfig: d}\nhome: west\n"
    plan_file.write_text(PLAN.replace("protect:", again + "protect:"), encoding="utf-8")
    with pytest.raises(PlanInvalid) as caught:
        load_plan(str(plan_file))
    assert [str(problem) for problem in caught.value.problems] == [
        "sites.west: is given twice, in the lines 5 and 6",
        "sites.west.kubeconfig: is given twice, in the lines 6 and 6",
        "home: is given twice, in the lines 2 and 7",
    ]


def test_anchors_are_followed_and_a_plan_that_contains_itself_is_refused(plan_file: Path) -> None:
    anchored = PLAN.replace("namespaces: [payroll]", "namespaces: &names [payroll]")
    plan_file.write_text(anchored + "traffic: [{provider: x, options: {names: *names}}]\n", encoding="utf-8")
    assert load_plan(str(plan_file)).document["traffic"][0]["options"] == {"names": ["payroll"]}
    plan_file.write_text(PLAN + "traffic: [{provider: x, options: &o {again: *o}}]\n", encoding="utf-8")
    with pytest.raises(PlanInvalid, match="nested deeper than"):
        load_plan(str(plan_file))


@pytest.mark.parametrize("text", ["", "# nothing\n", "just text\n", "- a\n"])
def test_a_file_that_holds_no_mapping_is_no_plan(plan_file: Path, text: str) -> None:
    plan_file.write_text(text, encoding="utf-8")
    with pytest.raises(PlanInvalid, match="wanted a mapping with keys of name, home, sites") as caught:
        load_plan(str(plan_file))
    assert f"The plan {plan_file} has 1 problem" in str(caught.value)


def test_the_description_is_plain_data(plan_file: Path) -> None:
    described = describe_plan(load_plan(str(plan_file)))
    assert json.loads(json.dumps(described)) == described
    assert described["changed"] is False
    assert (described["sites"], described["namespaces"]) == (["east", "west"], ["payroll"])
    assert described["groups"] == [{"name": "payroll", "provider": None, "max_lag": "15m", "selector": ""}]


FILES = {"/run/token": "t0ken\n", "/run/empty": "\n"}


def read_text(path: str) -> str:
    try:
        return FILES[path]
    except KeyError:
        raise FileNotFoundError(2, "No such file or directory", path) from None


@pytest.mark.parametrize(
    ("auth", "resolved"),
    [
        ({"host": "https://a", "api_key_file": "/run/token"}, {"host": "https://a", "api_key": "t0ken"}),
        (
            {"host": "https://a", "username": "u", "password_env": "WEST"},
            {"host": "https://a", "username": "u", "password": "pa$$"},
        ),
        ({"kubeconfig_env": "CONFIG", "context": "w"}, {"kubeconfig": "/home/me/w:/etc/w", "context": "w"}),
        ({"kubeconfig": "~/w", "validate_certs": False}, {"kubeconfig": "/home/me/w", "validate_certs": False}),
        ({"host": "https://a", "ca_cert": "~/ca.pem"}, {"host": "https://a", "ca_cert": "/home/me/ca.pem"}),
        ({"proxy_headers": {"basic_auth_env": "WEST"}}, {"proxy_headers": {"basic_auth": "pa$$"}}),
    ],
)
def test_references_of_a_site_become_options_of_kubernetes_core(
    auth: dict[str, Any], resolved: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    environ = {"WEST": "pa$$", "CONFIG": "~/w:/etc/w"}
    assert resolve_auth(Site("west", auth), environ, read_text) == resolved


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ({"password_env": "WEST"}, "environment variable WEST at site west; seen: it is not set; next: set WEST"),
        ({"password_env": "EMPTY"}, "seen: it is empty"),
        ({"kubeconfig_env": "WEST"}, "read kubeconfig from the environment variable WEST"),
        (
            {"api_key_file": "/run/none"},
            "read api_key from the file /run/none at site west; seen: no such file or directory",
        ),
        ({"api_key_file": "/run/empty"}, "seen: it is empty; next: put api_key into that file"),
    ],
)
def test_a_reference_to_nothing_is_refused_with_what_to_do(auth: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused) as caught:
        resolve_auth(Site("west", auth), {"EMPTY": ""}, read_text)
    assert message in str(caught.value)


def test_references_in_options_of_a_provider_are_resolved_at_any_depth() -> None:
    options = {"array": {"url": "https://array", "password_env": "ARRAY"}, "secret_name": "x", "ports": [1]}
    assert resolve_references(options, {"ARRAY": "pa$$"}, read_text) == {
        "array": {"url": "https://array", "password": "pa$$"},
        "secret_name": "x",
        "ports": [1],
    }
