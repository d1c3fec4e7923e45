# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be wrong with a plan: where, with which value, and what is said of it."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._model.broken_plan import GONE, Keys, wave
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._model.volume_rule_problem_cases import (
    VOLUME_RULE_CASES,
)

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
    *VOLUME_RULE_CASES,
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
