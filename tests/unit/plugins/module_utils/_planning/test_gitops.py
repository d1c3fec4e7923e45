# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Argo CD does to a plan, and how that is paused and given back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.gitops import (
    brings_folder,
    is_syncing,
    kept_from_pruning,
    leaves_power_alone,
    obstacle_of_vm,
    pausing,
    resuming,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision

PAUSED = "dr.ocpvirt.io/paused-sync"
AUTOMATED = {"prune": True, "selfHeal": True}
IGNORING = {"group": "kubevirt.io", "kind": "VirtualMachine", "jsonPointers": ["/spec/runStrategy"]}


def application(policy: Any = None, recorded: str | None = None, **spec: Any) -> dict[str, Any]:
    annotations = {} if recorded is None else {PAUSED: recorded}
    sync = {} if policy is None else {"automated": policy}
    metadata = {"name": "payroll", "resourceVersion": "7", "annotations": annotations}
    return {"metadata": metadata, "spec": {"syncPolicy": {**sync, "syncOptions": ["CreateNamespace=true"]}, **spec}}


def test_pausing_takes_the_automated_sync_away_and_records_it_in_one_write() -> None:
    body = pausing(application(AUTOMATED))
    assert body["spec"] == {"syncPolicy": {"automated": None}}
    assert json.loads(body["metadata"]["annotations"][PAUSED]) == AUTOMATED
    assert body["metadata"]["resourceVersion"] == "7"


def test_what_has_no_automated_sync_is_left_alone() -> None:
    assert pausing(application()) == {}
    assert pausing({"metadata": {"resourceVersion": "7"}, "spec": {}}) == {}


@pytest.mark.parametrize("policy", [AUTOMATED, {}, {"enabled": False, "prune": True}])
def test_resuming_gives_back_exactly_what_was_there(policy: dict[str, Any]) -> None:
    annotation = pausing(application(policy))["metadata"]["annotations"][PAUSED]
    body = resuming(application(recorded=annotation))
    assert body["spec"] == {"syncPolicy": {"automated": policy}}
    assert body["metadata"]["annotations"] == {PAUSED: None}


def test_what_was_not_paused_by_us_is_not_given_anything() -> None:
    assert resuming(application()) == {}


def test_what_somebody_gave_back_meanwhile_stays_as_he_wants_it() -> None:
    body = resuming(application({"selfHeal": False}, recorded=json.dumps(AUTOMATED)))
    assert "spec" not in body
    assert body["metadata"]["annotations"] == {PAUSED: None}


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"'])
def test_a_record_that_nobody_can_read_is_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match="holds no mapping"):
        resuming(application(recorded=text))


def test_an_operation_under_way_is_seen() -> None:
    assert is_syncing({"status": {"operationState": {"phase": "Running"}}})
    assert not is_syncing({"status": {"operationState": {"phase": "Succeeded"}}})
    assert not is_syncing({})


@pytest.mark.parametrize(
    ("entry", "options", "leaves"),
    [
        (IGNORING, ["RespectIgnoreDifferences=true"], True),
        ({**IGNORING, "kind": "*", "group": "*"}, ["RespectIgnoreDifferences=true"], True),
        (
            {"group": "kubevirt.io", "kind": "VirtualMachine", "jqPathExpressions": [".spec.runStrategy"]},
            ["RespectIgnoreDifferences=true"],
            True,
        ),
        # the next sync for another reason would write it all the same
        (IGNORING, [], False),
        ({**IGNORING, "name": "db-0"}, ["RespectIgnoreDifferences=true"], False),
        ({**IGNORING, "namespace": "payroll"}, ["RespectIgnoreDifferences=true"], True),
        ({**IGNORING, "namespace": "billing"}, ["RespectIgnoreDifferences=true"], False),
        ({**IGNORING, "kind": "Deployment"}, ["RespectIgnoreDifferences=true"], False),
        ({**IGNORING, "jsonPointers": ["/spec/template"]}, ["RespectIgnoreDifferences=true"], False),
    ],
)
def test_whether_git_leaves_the_power_of_vms_alone(entry: Any, options: list[str], leaves: bool) -> None:
    seen = application(ignoreDifferences=[entry], syncPolicy={"syncOptions": options})
    assert leaves_power_alone(seen, ["payroll"]) is leaves


def test_p7_git_leaves_the_power_of_vms_alone_only_in_each_namespace_of_the_plan() -> None:
    of_payroll, of_data = ({**IGNORING, "namespace": name} for name in ("payroll", "data"))
    options = {"syncOptions": ["RespectIgnoreDifferences=true"]}
    one = application(ignoreDifferences=[of_payroll], syncPolicy=options)
    both = application(ignoreDifferences=[of_payroll, of_data], syncPolicy=options)
    namespaces = ["payroll", "data"]
    assert [leaves_power_alone(seen, namespaces) for seen in (one, both)] == [False, True]


@pytest.mark.parametrize(
    ("kind", "namespace", "leaves"),
    [("VirtualMachine", "payroll", True), ("VirtualMachine", "data", False), ("Service", "data", False)],
)
def test_an_application_has_to_ignore_it_where_it_has_vms(kind: str, namespace: str, leaves: bool) -> None:
    """As Argo CD lists what the Application has; one that lists no VM has not told all."""
    entry = {**IGNORING, "namespace": "payroll"}
    seen = application(ignoreDifferences=[entry], syncPolicy={"syncOptions": ["RespectIgnoreDifferences=true"]})
    seen["status"] = {"resources": [{"group": "kubevirt.io", "kind": kind, "namespace": namespace, "name": "db-0"}]}
    assert leaves_power_alone(seen, ["payroll", "data"]) is leaves


def vm(annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"annotations": annotations}, "spec": spec}


@pytest.mark.parametrize(
    ("item", "obstacle"),
    [
        (vm(runStrategy="Halted"), ""),
        (vm(running=False), ""),
        (vm(runStrategy="Always"), "it is to run there: Always"),
        (vm(running=True), "it is to run there: running: true"),
        (vm(runStrategy="Halted", dataVolumeTemplates=[{}]), "its dataVolumeTemplates import new disks"),
        (
            vm(
                {"kubevirt.io/immediate-data-volume-creation": "false"},
                runStrategy="Halted",
                dataVolumeTemplates=[{}],
            ),
            "",
        ),
    ],
)
def test_p2_what_git_must_not_bring_to_the_other_site(item: dict[str, Any], obstacle: str) -> None:
    found = obstacle_of_vm(item)
    assert found.startswith(obstacle)
    assert bool(found) is bool(obstacle)


def test_volumes_that_git_does_not_know_are_never_pruned() -> None:
    annotations = {"argocd.argoproj.io/tracking-id": "payroll:/PersistentVolumeClaim:payroll/db", "team": "payroll"}
    pvc = {"metadata": {"name": "db", "annotations": annotations}, "spec": {}}
    kept = kept_from_pruning(VolumeDecision({"metadata": {"name": "pv-db"}, "spec": {}}, pvc, 0, ()))
    options = {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}
    assert kept.pvc["metadata"] == {"name": "db", "annotations": {"team": "payroll", **options}}
    assert kept.pv["metadata"] == {"name": "pv-db", "annotations": options}
    assert pvc["metadata"]["annotations"] == annotations


@pytest.mark.parametrize(
    ("source", "brings"),
    [
        ({"path": "west/volumes"}, True),
        ({"path": "./west/volumes/"}, True),
        ({"path": "west"}, False),
        ({"path": "west", "directory": {"recurse": True}}, True),
        ({"path": ".", "directory": {"recurse": True}}, True),
        ({"path": "west/vol", "directory": {"recurse": True}}, False),
        ({"chart": "payroll"}, False),
    ],
)
def test_an_application_brings_a_folder_by_one_of_its_sources(source: dict[str, Any], brings: bool) -> None:
    assert brings_folder({"spec": {"source": source}}, "west/volumes") is brings
    assert brings_folder({"spec": {"sources": [{"path": "other"}, source]}}, "west/volumes") is brings
