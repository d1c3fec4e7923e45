# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid, Problem, render_path

Document = dict[str, Any]
Keys = tuple[Any, ...]

RULE: Keys = ("volumes", "rules", 0)
GONE = object()


def put(document: Document, keys: Keys, value: object) -> Document:
    place: Any = document
    for key in keys[:-1]:
        place = place[key]
    if value is GONE:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return document


def problems_of(document: object) -> tuple[Problem, ...]:
    with pytest.raises(PlanInvalid) as caught:
        parse_plan(document)  # type: ignore[arg-type]
    return caught.value.problems


WAVE_SELECTOR = {"matchLabels": {"tier": "db"}}


def wave(name: str, *after: str) -> Document:
    return {"name": name, "selector": WAVE_SELECTOR, "after": list(after)}


CASES: list[tuple[Keys, object, str]] = [
    # keys
    (("startp",), {}, "startp: unknown key, did you mean startup?; allowed: name, home, sites"),
    (("sites", "west", "kubeconf"), "x", "sites.west.kubeconf: unknown key, did you mean kubeconfig?"),
    (("sites", "west", "Kubeconfig"), "x", "did you mean kubeconfig?"),
    (("name",), GONE, "name: is required"),
    (("protect", "selector"), GONE, "protect.selector: is required"),
    ((True,), 1, "keys are texts, got the truth value true; put it in quotes"),
    (("metadata", "with space"), 1, 'metadata["with space"]: unknown key'),
    # types
    (("startup",), None, "startup: got nothing (null), wanted a mapping with keys of waves"),
    (
        ("startup", "max_starting"),
        "40",
        'startup.max_starting: got the text "40", wanted a whole number, without quotes',
    ),
    (("startup", "max_starting"), True, "got the truth value true, wanted a whole number"),
    (("startup", "max_starting"), 1.5, "got the number 1.5, wanted a whole number"),
    (("startup", "max_starting"), 0, "got the number 0, wanted 1 to 100000"),
    (("startup", "max_starting"), -1, "startup.max_starting: got the number -1, wanted 1 to"),
    (("startup", "caps"), {"per_node": 0}, "startup.caps.per_node: got the number 0, wanted 1 to"),
    (("startup", "caps"), {"per_class": 1}, "startup.caps.per_class: unknown key"),
    (("startup", "retries"), {"attempts": 11}, "startup.retries.attempts: got the number 11, wanted 0 to 10"),
    (("startup", "max_starting"), 10**40, "startup.max_starting: got a number, wanted 1 to"),
    (("startup", "priority"), 6, "startup.priority: got the number 6, wanted 1 to 5"),
    (("startup", "readiness", "agent"), "yes", 'got the text "yes", wanted true or false, without quotes'),
    (("startup", "readiness", "timeout"), "5 minutes", 'got the text "5 minutes", wanted a duration such as'),
    (("startup", "readiness", "timeout"), "0s", "wanted at least 1s"),
    (("startup", "on_failure"), "halt", 'startup.on_failure: got the text "halt"; allowed: continue, stop'),
    (("startup", "on_failure"), "stopp", "did you mean stop?"),
    (("protect", "namespaces"), "payroll", 'protect.namespaces: got the text "payroll", wanted a list'),
    (("protect", "namespaces"), [], "protect.namespaces: is an empty list, wanted at least 1"),
    (("protect", "namespaces"), ["a", "b", "a"], 'protect.namespaces[2]: "a" is already at protect.namespaces[0]'),
    (("protect", "namespaces"), ["Pay"], 'protect.namespaces[0]: got the text "Pay": not a name of lower-case'),
    (("name",), "x" * 64, "not a name of lower-case letters"),
    (("name",), 12, "name: got the number 12, wanted a name; put it in quotes"),
    (("name",), " ", "name: is empty"),
    (("name",), "a\x00b", "name: has control characters"),
    (("replication", "provider"), "csi-addons", "not a name of lower-case letters, digits and '_'"),
    # sites
    (("home",), "wst", 'home: unknown site "wst", did you mean west?; allowed: east, west'),
    (("sites", "north"), {"kubeconfig": "n"}, "sites: a plan has exactly two sites, got 3: east, west, north"),
    (("sites",), {}, "sites: a plan has exactly two sites, got 0"),
    (("sites", "west"), {}, "sites.west: does not say how the site is reached: give one of kubeconfig, kubeconfig_env"),
    (("sites", "west"), {"kubeconfig": "~/.kube/east"}, "both sites are reached in the same way"),
    (("sites", "west", "host"), "api.west:6443", "sites.west.host: not a URL such as https://"),
    (("sites", "west", "client_cert"), "c.pem", "sites.west.client_key: is required beside client_cert"),
    (("sites", "west", "username"), "admin", "sites.west.password_env: is required: a user name and a password belong"),
    (
        ("sites", "west"),
        {"context": "w", "username": "u", "password_env": "P"},
        "sites.west.host: is required to log in",
    ),
    (("sites", "west"), {"context": "w", "password_env": "P"}, "sites.west.username: is required"),
    (("sites", "west", "kubeconfig_env"), "K", "kubeconfig_env: means the same as kubeconfig, which is given as well"),
    (
        ("sites", "west"),
        {"host": "https://w", "verify_ssl": True, "validate_certs": True},
        "means the same as verify_ssl",
    ),
    (("sites", "west", "max_starting"), 0, "sites.west.max_starting: got the number 0, wanted 1 to"),
    # groups
    (
        ("replication", "groups", 1, "name"),
        "payroll-db",
        'groups[1].name: "payroll-db" is already at replication.groups[0]',
    ),
    (("replication", "groups", 0, "selector"), {"tier": "db"}, "unknown key; allowed: matchLabels, matchExpressions"),
    (("replication", "groups"), [], "replication.groups: is an empty list"),
    (("replication", "groups", 0, "options"), {"sites": {"north": {}}}, 'options.sites.north: unknown site "north"'),
    (("replication", "groups", 0, "options"), {"sites": {"west": "x"}}, "options.sites.west: got the text"),
    (("replication", "groups", 0, "options"), [], "options: got a list, wanted a mapping"),
    # rules
    (
        (*RULE, "set", "wset"),
        {},
        'volumes.rules[0].set.wset: unknown site "wset", did you mean west?; allowed: east, west',
    ),
    ((*RULE, "set", "west"), GONE, "volumes.rules[0].set.west: is required: the plan must serve every direction"),
    (
        (*RULE, "set", "west", "nfs.path"),
        GONE,
        "rules[0].set.west.nfs.path: is required: volumes.rules[0].set.east sets it",
    ),
    ((*RULE, "set", "west", "nfs.sever"), "x", "unknown PV field nfs.sever, did you mean nfs.server?"),
    ((*RULE, "set", "west", "nsf.server"), "x", "unknown PV field nsf, did you mean nfs?"),
    ((*RULE, "set", "west", "nfs..server"), "x", "not the name of a PV field such as nfs.path"),
    ((*RULE, "set", "west", "spec.nfs.server"), "x", "leave out spec"),
    ((*RULE, "set", "west", "claimRef.name"), "x", "claimRef cannot be set by a rule"),
    ((*RULE, "set", "west", "csi"), "x", "csi cannot be set as a whole; name its field, such as csi.driver"),
    ((*RULE, "set", "west", "storageClassName.x"), "x", "storageClassName has no fields of its own"),
    (
        (*RULE, "set", "west", "nfs.path"),
        None,
        "set.west.nfs.path: got nothing (null), wanted a text",
    ),
    (
        (*RULE, "set", "west", "nfs.path"),
        "/{pv.nam}",
        "unknown placeholder {pv.nam}, did you mean pv.name?; known: {pv.name}",
    ),
    ((*RULE, "set", "west", "nfs.path"), "/{match.dir}", "capture it in the rule's match with (?P<name>…)"),
    ((*RULE, "set", "west", "nfs.path"), "/{pv.name", "a brace that belongs to no placeholder"),
    ((*RULE, "set", "west", "nfs.path"), "/{}", "unknown placeholder {}"),
    (
        (*RULE, "set", "west", "mountOptions"),
        ["x={pv.x}"],
        "set.west.mountOptions[0]: unknown placeholder {pv.x}",
    ),
    (
        (*RULE, "match", "nfs", "path"),
        "(",
        'volumes.rules[0].match.nfs.path: got the text "(": not a regular expression',
    ),
    ((*RULE, "match", "nfs", "host"), "x", "match.nfs.host: unknown key; allowed: server, path"),
    (
        (*RULE, "match"),
        {"name": "(?P<a>.)", "nfs": {"path": "(?P<a>.)"}},
        "captures a again; volumes.rules[0].match.name does",
    ),
    ((*RULE, "match"), GONE, "volumes.rules[0].match: is required"),
    (
        (*RULE, "match"),
        {"csi": {"volume_handle": "x"}},
        "match.csi.volume_handle: unknown key, did you mean volumeHandle?",
    ),
    ((*RULE, "match"), {"csi": {"volumeAttributes": {"pool": 1}}}, "match.csi.volumeAttributes.pool: got the number 1"),
    ((*RULE, "match"), {"isci": {}}, "match.isci: unknown key, did you mean iscsi?"),
    ((*RULE, "match"), {"iscsi": {"lun": "3"}}, "match.iscsi.lun: got the text"),
    ((*RULE, "match"), {"iscsi": {"portals": [1]}}, "match.iscsi.portals[0]: got the number 1"),
    ((*RULE, "match"), {"csi": {"readOnly": "yes"}}, "match.csi.readOnly: got the text"),
    ((*RULE, "match"), {"csi": {"nodeStageSecretRef": {"uid": "x"}}}, "unknown key; allowed: name, namespace"),
    ((*RULE, "match"), {"local": {"path": "("}}, "match.local.path: got the text"),
    ((*RULE, "match"), {"annotations": {"a/b": "("}}, "match.annotations.a/b: got the text"),
    ((*RULE, "match"), {"labels": {"a/b": 1}}, "match.labels.a/b: got the number 1"),
    ((*RULE, "match"), {"annotations": {"a": "(?P<x>.)", "b": "(?P<x>.)"}}, "match.annotations.b: captures x again"),
    ((*RULE, "set", "west", "iscsi.lun"), "3", "set.west.iscsi.lun: got the text"),
    ((*RULE, "set", "west", "iscsi.lun"), -1, "set.west.iscsi.lun: got the number -1, wanted 0 to 2147483647"),
    ((*RULE, "set", "west", "iscsi.portals"), "a:3260", "set.west.iscsi.portals: got the text"),
    ((*RULE, "set", "west", "csi.readOnly"), "true", "set.west.csi.readOnly: got the text"),
    ((*RULE, "set", "west", "csi.volumeAttributes.size"), 3, "csi.volumeAttributes.size: got the number 3"),
    ((*RULE, "set", "west", "csi.volumeAttributes"), "x", "name an attribute, such as csi.volumeAttributes[KEY]"),
    ((*RULE, "set", "west", "csi.volumeAttributes.a.b"), "x", "write a key with dots as csi.volumeAttributes[a.b]"),
    ((*RULE, "set", "west", "csi.nodeStageSecretRef"), "x", "such as csi.nodeStageSecretRef.name"),
    ((*RULE, "set", "west", "csi.nodeStageSecretRef.uid"), "x", "known: csi.nodeStageSecretRef.name, csi.nodeStage"),
    ((*RULE, "set", "west", "nfs.path.x"), "x", "nfs.path has no fields of its own"),
    ((*RULE, "set", "west", "nodeAffinity"), "x", "set.west.nodeAffinity: got the text"),
    ((*RULE, "set", "west", "nodeAffinity"), {"a": ["{x}"]}, "set.west.nodeAffinity.a[0]: unknown placeholder {x}"),
    ((*RULE, "set", "west", "nfs.path"), "{pv.csi.volumeHandel}", "did you mean pv.csi.volumeHandle?"),
    ((*RULE, "set", "west", "nfs.path"), "{pv.csi}", "unknown placeholder {pv.csi}"),
    ((*RULE, "set", "west", "nfs.path"), "{pv.iscsi.portals}", "unknown placeholder {pv.iscsi.portals}"),
    ((*RULE, "set", "west", "nfs.path"), "{pv.labels}", "unknown placeholder {pv.labels}"),
    ((*RULE, "set", "west", "nfs.path"), "{pvc.volumeName}", "unknown placeholder {pvc.volumeName}"),
    ((*RULE, "set", "west", "nfs.path"), "{vm.uid}", "unknown placeholder {vm.uid}; known: {pv.name}"),
    ((*RULE, "set", "west", "nfs.path"), "{pv}", "unknown placeholder {pv}"),
    ((*RULE, "set", "west", "nfs.path"), "{{ pv.name }}", "unknown placeholder { pv.name }"),
    # metadata
    (("metadata", "source"), "oapd", "did you mean oadp?; allowed: oadp, export"),
    (
        ("metadata", "schedule"),
        "0 2 * *",
        "a cron schedule has five fields (minute, hour, day of month, month, day of week)",
    ),
    (
        ("metadata", "namespace"),
        "payroll",
        'protect.namespaces[0]: "payroll" is where Velero lives (metadata.namespace)',
    ),
    (("run_store",), {"namespace": "payroll"}, '"payroll" is where the run store lives (run_store.namespace)'),
    # waves
    (("startup", "waves"), [wave("a"), wave("a")], 'startup.waves[1].name: "a" is already at startup.waves[0]'),
    (
        ("startup", "waves"),
        [{"name": "a"}, wave("b")],
        "startup.waves[0].selector: is required: only the last wave may take",
    ),
    (("startup", "waves"), [wave("a", "bb"), wave("b")], 'startup.waves[0].after[0]: unknown wave "bb"'),
    (
        ("startup", "waves"),
        [wave("a", "b"), wave("b", "a")],
        "startup.waves: the waves wait for each other in a cycle: a -> b -> a",
    ),
    (("startup", "waves"), [wave("a", "a")], "in a cycle: a -> a"),
    (("startup", "waves"), [wave("x"), wave("a", "c"), wave("b", "a"), wave("c", "b")], "in a cycle: a -> c -> b -> a"),
    (("startup", "waves"), [wave("a", "rest"), {"name": "rest"}], "the wave rest takes all the rest and runs last"),
    (("startup", "waves"), [wave("rest"), wave("a")], '"rest" is the wave that takes what no other selects'),
    (("startup", "waves"), [], "startup.waves: is an empty list"),
    (("startup", "waves", 0, "delay"), "0s", 'startup.waves[0].delay: got the text "0s", wanted at least 1s'),
    (("startup", "waves", 0, "gate"), "yes", 'startup.waves[0].gate: got the text "yes", wanted true or false'),
    (
        ("startup", "waves", 0, "on_failure"),
        "stop-wave",
        'on_failure: got the text "stop-wave", did you mean stop_wave?; allowed: continue, stop_wave, stop',
    ),
    # capacity, traffic, hooks of steps
    (
        ("capacity", "machine_sets", "north"),
        [],
        'capacity.machine_sets.north: unknown site "north"; allowed: east, west',
    ),
    (
        ("capacity", "machine_sets", "west", 0, "disaster"),
        0,
        "machine_sets.west[0].disaster: got the number 0, wanted 1 to",
    ),
    (("capacity", "machine_sets", "west", 0, "normal"), 7, "disaster: got 6, which is below normal (7)"),
    (("traffic", 0, "provider"), GONE, "traffic[0].provider: is required"),
    (("hooks", "before_quisce"), [], "hooks.before_quisce: unknown key, did you mean before_quiesce?"),
    (("hooks", "after_start"), [5], "hooks.after_start[0]: got the number 5, wanted the path of a task file"),
    (("hooks", "after_start"), [{"tasks": "t.yml", "timeout": "x"}], 'hooks.after_start[0].timeout: got the text "x"'),
    (
        ("hooks", "after_start"),
        [{"tasks": "t.yml", "timeout": "2h"}],
        'after_start[0].timeout: got the text "2h", wanted at',
    ),
    (("hooks", "after_start"), [{"tasks": "t.yml", "on_failure": "stop"}], "allowed: fail, warn"),
    (("hooks", "after_start"), ["t.yml", "t.yml"], '"t.yml" is already at hooks.after_start[0]'),
    (("hooks", "before_begin"), ["t.yml"], "there is no run yet that it could belong to: use after_begin"),
    (("hooks", "after_end"), ["t.yml"], "the run has ended and holds no lock: use before_end"),
    (("hooks", "after_traffic"), ["t.yml"], "no playbook has this step yet"),
]


@pytest.mark.parametrize(("keys", "value", "problem"), CASES, ids=lambda value: None)
def test_a_problem_is_reported_with_its_path_and_what_is_allowed(
    document: Document, keys: Keys, value: object, problem: str
) -> None:
    found = [str(problem) for problem in problems_of(put(document, keys, value))]
    assert [text for text in found if problem in text], found


@pytest.mark.parametrize("document", [None, [], "payroll.yml", 5], ids=repr)
def test_what_is_no_mapping_is_no_plan(document: object) -> None:
    (problem,) = problems_of(document)
    assert problem.path == "plan"
    assert "wanted a mapping with keys of name, home, sites" in problem.message


def test_every_problem_is_reported_at_once(document: Document) -> None:
    put(document, ("home",), "north")
    put(document, ("startup", "max_starting"), 0)
    put(document, (*RULE, "set", "west", "nfs.path"), "/{x}")
    put(document, ("startup", "waves"), [wave("a", "b"), wave("b", "a"), {"nam": "c"}])
    paths = [problem.path for problem in problems_of(document)]
    assert paths == [
        "home",
        "volumes.rules[0].set.west.nfs.path",
        "startup.waves[2].nam",
        "startup.waves",
        "startup.max_starting",
    ]


def test_a_misspelt_key_is_not_also_reported_as_missing(document: Document) -> None:
    document["nmae"] = document.pop("name")
    assert [str(problem).partition(";")[0] for problem in problems_of(document)] == [
        "nmae: unknown key, did you mean name?"
    ]


def test_the_last_rule_may_match_everything_and_no_other(document: Document) -> None:
    anything = {"match": {}, "set": {"east": {}, "west": {}}}
    document["volumes"]["rules"].append(anything)
    assert len(parse_plan(document).rules) == 2
    document["volumes"]["rules"].append(anything)
    assert [problem.path for problem in problems_of(document)] == ["volumes.rules[1].match"]


def test_a_rule_sets_a_field_once(document: Document) -> None:
    for site in ("east", "west"):
        document["volumes"]["rules"][0]["set"][site] = {
            "csi.volumeAttributes.a": "1",
            "csi.volumeAttributes[a]": "2",
        }
    messages = [problem.message for problem in problems_of(document)]
    assert messages.count("means the same as csi.volumeAttributes[a], which is set as well") == 2


@pytest.mark.parametrize(
    "template",
    [
        "{pv.csi.volumeHandle}",
        "{pv.csi.volumeAttributes[a.b/c]}",
        "{pv.csi.nodeStageSecretRef.namespace}",
        "{pv.iscsi.lun}",
        "{pv.storageClassName}-{pv.labels.zone}-{pv.annotations[a.b/c]}",
        "{pvc.labels[a/b]}-{pvc.annotations.c}-{pvc.storageClassName}-{pvc.namespace}-{vm.name}",
    ],
)
def test_any_text_or_number_of_a_volume_may_fill_a_template(document: Document, template: str) -> None:
    document["volumes"]["rules"][0]["set"]["west"]["nfs.path"] = template
    assert parse_plan(document).rules[0].set["west"]["nfs.path"] == template


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("iscsi.lun", 3),
        ("iscsi.lun", "{pv.annotations[lun]}"),
        ("iscsi.portals", ["a:3260", "{pv.annotations[portal]}:3260"]),
        ("fc.wwids", ["{pv.annotations[wwid]}"]),
        ("csi.readOnly", True),
        ("csi.controllerExpandSecretRef.namespace", "storage"),
        ("csi.volumeAttributes[a.b/c]", "d"),
        ("nodeAffinity", {"required": {"nodeSelectorTerms": [{"a": "{pv.labels.zone}"}]}}),
        ("vsphereVolume.volumePath", "[west] {pv.name}.vmdk"),
        ("rbd.monitors", ["a:6789"]),
    ],
)
def test_a_field_takes_what_it_holds(document: Document, field: str, value: object) -> None:
    document["volumes"]["rules"][0]["set"] = {site: {field: value} for site in ("east", "west")}
    assert parse_plan(document).rules[0].set["west"] == {field: value}


def test_a_named_capture_may_be_used_at_both_sites(document: Document) -> None:
    rule = document["volumes"]["rules"][0]
    rule["match"]["nfs"]["path"] = "/(exports|dr)/(?P<tail>.+)"
    rule["set"]["east"]["nfs.path"] = "/exports/{match.tail}"
    rule["set"]["west"]["nfs.path"] = "/dr/{match.tail}"
    assert parse_plan(document).rules[0].match["nfs"]["path"] == "/(exports|dr)/(?P<tail>.+)"


@pytest.mark.parametrize(
    ("keys", "value", "remedy"),
    [
        (("sites", "west", "password"), "s3cret", "use a kubeconfig, password_env: VARIABLE or password_file: PATH"),
        (("sites", "west", "api_key"), "s3cret", "use a kubeconfig, api_key_env: VARIABLE or api_key_file: PATH"),
        (("sites", "west", "kubeconfig"), {"token": "s3cret"}, "got a mapping, wanted the path of a kubeconfig file"),
        (("sites", "west", "proxy"), "http://me:s3cret@proxy:3128", "has a password in its URL"),
        (("sites", "west", "proxy_headers"), {"basic_auth": "u:s3cret"}, "use basic_auth_env: VARIABLE"),
        (("sites", "west", "password_env"), "s3cret pass!", "not the name of an environment variable"),
        (("sites", "west", "host"), "s3cret", "not a URL such as"),
        (("sites", "west"), "s3cret", "got a text, wanted a mapping with keys of kubeconfig"),
        (("replication", "groups", 1, "options"), {"array": {"password": "s3cret"}}, "password_env: VARIABLE"),
        (("replication", "options"), {"sites": {"west": {"apiToken": "s3cret"}}}, "apiToken_env: VARIABLE"),
        (("replication", "options"), {"url": "https://me:s3cret@array"}, "has a password in its URL"),
        (("traffic", 0, "options"), {"key_secret": "s3cret"}, "key_secret_env: VARIABLE or key_secret_file: PATH"),
    ],
)
def test_p10_a_secret_in_a_plan_is_refused_with_the_remedy_and_not_repeated(
    document: Document, keys: Keys, value: object, remedy: str
) -> None:
    found = [str(problem) for problem in problems_of(put(document, keys, value))]
    assert [text for text in found if remedy in text], found
    assert "s3cret" not in "\n".join(found)


def test_names_of_secrets_are_accepted_in_options(document: Document) -> None:
    options = {
        "credentials": {"secret_name": "array", "namespace": "storage"},
        "password_env": "ARRAY",
        "token": {"from": "x"},
    }
    document["replication"]["groups"][1]["options"] = options
    assert parse_plan(document).groups[1].options == options


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ((), "plan"),
        (("volumes", "rules", 2, "set", "west"), "volumes.rules[2].set.west"),
        (("set", "nfs.path"), "set.nfs.path"),
        (("a", "dr.ocpvirt.io/plan"), "a.dr.ocpvirt.io/plan"),
        (("a", 'b"c'), 'a["b\\"c"]'),
        (("a", ""), 'a[""]'),
    ],
)
def test_a_path_is_written_as_a_person_would(at: Keys, text: str) -> None:
    assert render_path(at) == text
