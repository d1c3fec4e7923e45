# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import CREATED_BY, rehearsal_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.isolation import (
    bubbles,
    namespace,
    policies,
)

LABEL = rehearsal_label("payroll")
SPACES = {"payroll": "payroll-rehearsal"}


def vm(*networks: str) -> dict[str, Any]:
    named = [{"name": f"net-{number}", "multus": {"networkName": name}} for number, name in enumerate(networks)]
    spec = {"networks": [{"name": "default", "pod": {}}, *named]}
    return {"metadata": {"name": "db-0", "namespace": "payroll"}, "spec": {"template": {"spec": spec}}}


def test_every_pod_is_shut_off_in_both_directions() -> None:
    deny = policies("payroll-rehearsal", "payroll")[0]
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_the_rehearsals_own_namespaces_reach_each_other() -> None:
    among = policies("payroll-rehearsal", "payroll")[1]["spec"]
    theirs = [{"namespaceSelector": {"matchLabels": {LABEL: "true"}}}]
    assert (among["ingress"], among["egress"]) == ([{"from": theirs}], [{"to": theirs}])


def test_a_namespace_keeps_its_pod_security_and_nothing_that_lets_others_in() -> None:
    original = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged", "team": "payroll"}}}
    made = namespace("payroll-rehearsal", original, "payroll", "r-1")["metadata"]
    assert made["labels"] == {"pod-security.kubernetes.io/enforce": "privileged", LABEL: "true"}
    assert made["annotations"] == {CREATED_BY: "r-1"}


def test_each_network_that_a_vm_names_is_replaced_by_one_without_a_way_out() -> None:
    found = bubbles([vm("lan", "payroll/lan", "shared/dmz"), vm("lan")], SPACES, "payroll")
    assert [item["metadata"]["name"] for item in found] == ["lan", "shared-dmz"]
    configs = [json.loads(item["spec"]["config"]) for item in found]
    assert {config["topology"] for config in configs} == {"layer2"}
    assert not any({"physicalNetworkName", "bridge", "master"} & config.keys() for config in configs)
    assert [config["netAttachDefName"] for config in configs] == [
        "payroll-rehearsal/lan",
        "payroll-rehearsal/shared-dmz",
    ]


def test_vms_on_the_pod_network_need_no_other() -> None:
    assert bubbles([vm()], SPACES, "payroll") == []
