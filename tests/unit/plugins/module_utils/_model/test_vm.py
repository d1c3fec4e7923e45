# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import (
    PowerRecord,
    claim_names,
    claim_users,
    power_record,
    protected_vm,
    references,
)


def manifest(
    spec: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    **template: Any,
) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "payroll", "name": "db-0", "annotations": annotations, "labels": labels},
        "spec": {**(spec or {"runStrategy": "Always"}), "template": {"spec": template}},
        **({"status": status} if status else {}),
    }


def recorded(run_strategy: str, running: bool) -> dict[str, str]:
    return {"dr.ocpvirt.io/recorded": PowerRecord(run_strategy, running).as_annotation()}


RUNNING = {"ready": True, "printableStatus": "Running"}
STOPPED = {"ready": False, "printableStatus": "Stopped"}


@pytest.mark.parametrize(
    ("spec", "status", "record"),
    [
        ({"runStrategy": "Always"}, RUNNING, PowerRecord("Always", True)),
        ({"runStrategy": "Always"}, STOPPED, PowerRecord("Always", True)),
        ({"runStrategy": "Halted"}, STOPPED, PowerRecord("Halted", False)),
        ({"runStrategy": "Halted"}, RUNNING, PowerRecord("Halted", False)),
        ({"runStrategy": "Manual"}, RUNNING, PowerRecord("Manual", True)),
        ({"runStrategy": "Manual"}, STOPPED, PowerRecord("Manual", False)),
        ({"runStrategy": "Manual"}, None, PowerRecord("Manual", False)),
        ({"runStrategy": "Manual"}, {"printableStatus": "Starting"}, PowerRecord("Manual", True)),
        ({"runStrategy": "Manual"}, {"printableStatus": "Paused"}, PowerRecord("Manual", True)),
        ({"runStrategy": "Manual"}, {"printableStatus": "Migrating"}, PowerRecord("Manual", True)),
        ({"runStrategy": "Manual"}, {"printableStatus": "Stopping"}, PowerRecord("Manual", False)),
        ({"runStrategy": "RerunOnFailure"}, RUNNING, PowerRecord("RerunOnFailure", True)),
        ({"runStrategy": "RerunOnFailure"}, STOPPED, PowerRecord("RerunOnFailure", False)),
        ({"runStrategy": "Once"}, STOPPED, PowerRecord("Once", False)),
        ({"running": True}, STOPPED, PowerRecord("Always", True, running_field=True)),
        ({"running": False}, RUNNING, PowerRecord("Halted", False, running_field=True)),
    ],
)
def test_p7_strategy_and_power_state_are_read_from_the_vm(spec, status, record) -> None:
    assert power_record(manifest(spec, status)) == record


@pytest.mark.parametrize("strategy", ["RerunOnFailure", "Manual", "Once"])
@pytest.mark.parametrize(
    ("status", "on"),
    [
        # as where half of a site is lost; all of this as KubeVirt shows it on the lab, but for Unknown
        ({"printableStatus": "ErrorUnschedulable", "created": True}, True),
        ({"printableStatus": "Unknown", "created": True}, True),
        # started by nobody
        ({"printableStatus": "ErrorPvcNotFound"}, False),
        # stopped by a person; shut down by its guest, at once and later
        ({"printableStatus": "Stopping", "created": True}, False),
        ({"printableStatus": "CrashLoopBackOff"}, False),
        ({"printableStatus": "CrashLoopBackOff", "created": True}, False),
        ({"printableStatus": "Stopped", "created": True}, False),
    ],
)
def test_p7_a_vm_that_a_failure_keeps_from_running_is_on_and_one_that_was_shut_down_is_not(
    strategy, status, on
) -> None:
    assert power_record(manifest({"runStrategy": strategy}, status)) == PowerRecord(strategy, on)


@pytest.mark.parametrize(
    ("status", "on"),
    [
        ({"printableStatus": "WaitingForReceiver", "created": True}, False),
        ({"printableStatus": "Starting", "created": True}, False),
        ({"printableStatus": "WaitingForReceiver"}, False),
        # the migration has come, and KubeVirt has not given its own strategy back yet
        ({"printableStatus": "Running", "created": True, "ready": True}, True),
    ],
)
def test_p7_a_vm_that_waits_for_a_migration_from_elsewhere_does_not_run(status, on) -> None:
    """A start would wait for it in vain: nobody sends it anything."""
    assert power_record(manifest({"runStrategy": "WaitAsReceiver"}, status)) == PowerRecord("WaitAsReceiver", on)


@pytest.mark.parametrize(
    ("strategy", "running"), [("Always", True), ("Manual", True), ("Manual", False), ("RerunOnFailure", False)]
)
def test_p7_of_a_vm_that_we_halted_the_record_holds(strategy, running) -> None:
    vm = manifest({"runStrategy": "Halted"}, STOPPED, recorded(strategy, running))
    assert power_record(vm) == PowerRecord(strategy, running)


def test_p7_the_record_holds_while_a_vm_that_ran_is_being_started() -> None:
    vm = manifest({"runStrategy": "Manual"}, STOPPED, recorded("Manual", True))
    assert power_record(vm) == PowerRecord("Manual", True)


def test_p7_a_vm_that_its_owner_started_since_is_on_whatever_we_recorded() -> None:
    vm = manifest({"runStrategy": "Always"}, RUNNING, recorded("RerunOnFailure", False))
    assert power_record(vm) == PowerRecord("Always", True)


def test_p7_a_vm_that_its_owner_gave_its_strategy_back_is_what_it_shows() -> None:
    vm = manifest({"runStrategy": "RerunOnFailure"}, RUNNING, recorded("RerunOnFailure", False))
    assert power_record(vm) == PowerRecord("RerunOnFailure", True)


def test_p7_the_deprecated_field_survives_the_record() -> None:
    record = PowerRecord("Always", True, running_field=True)
    vm = manifest({"running": False}, STOPPED, {"dr.ocpvirt.io/recorded": record.as_annotation()})
    assert power_record(vm) == record


def test_a_vm_without_facts_starts_with_priority_3_and_needs_nothing() -> None:
    vm = protected_vm(manifest())
    assert (vm.key, vm.priority, vm.depends_on, vm.start) == ("payroll/db-0", 3, (), True)


@pytest.mark.parametrize("on", ["annotations", "labels"])
def test_facts_are_read_from_annotations_and_labels(on) -> None:
    facts = {"dr.ocpvirt.io/priority": "1", "dr.ocpvirt.io/start": "never"}
    vm = protected_vm(manifest(**{on: facts}))
    assert (vm.priority, vm.start) == (1, False)


def test_an_annotation_wins_over_a_label() -> None:
    vm = protected_vm(manifest(labels={"dr.ocpvirt.io/priority": "5"}, annotations={"dr.ocpvirt.io/priority": "2"}))
    assert vm.priority == 2


@pytest.mark.parametrize("value", ["0", "6", "high", "", "1.5", "-1"])
def test_a_bad_priority_names_the_vm_and_the_annotation(value) -> None:
    with pytest.raises(ValueError, match=f"payroll/db-0: dr.ocpvirt.io/priority is '{value}', allowed are 1 to 5"):
        protected_vm(manifest(annotations={"dr.ocpvirt.io/priority": value}))


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ("ldap", ("payroll/ldap",)),
        ("ldap, dns", ("payroll/ldap", "payroll/dns")),
        ("infra/ldap,dns,", ("infra/ldap", "payroll/dns")),
        (" ", ()),
    ],
)
def test_dependencies_are_names_here_or_in_another_namespace(value, keys) -> None:
    assert protected_vm(manifest(annotations={"dr.ocpvirt.io/depends-on": value})).depends_on == keys


def test_a_vm_may_start_after_another_without_needing_it() -> None:
    vm = protected_vm(manifest(annotations={"dr.ocpvirt.io/start-after": "ldap"}))
    assert (vm.start_after, vm.depends_on) == (("payroll/ldap",), ())


def test_claims_are_those_of_volumes_and_datavolumes() -> None:
    volumes = [
        {"persistentVolumeClaim": {"claimName": "data"}},
        {"dataVolume": {"name": "root"}},
        {"containerDisk": {"image": "fedora"}},
    ]
    assert claim_names(manifest(volumes=volumes)) == ["data", "root"]


def test_a_vm_without_volumes_has_no_claims() -> None:
    assert claim_names(manifest(volumes=None)) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ({"volumes": [{"secret": {"secretName": "tls"}}]}, {("Secret", "tls")}),
        ({"volumes": [{"configMap": {"name": "settings"}}]}, {("ConfigMap", "settings")}),
        ({"volumes": [{"cloudInitNoCloud": {"secretRef": {"name": "user"}}}]}, {("Secret", "user")}),
        (
            {"volumes": [{"cloudInitConfigDrive": {"networkDataSecretRef": {"name": "net"}}}]},
            {("Secret", "net")},
        ),
        ({"volumes": [{"cloudInitNoCloud": {"userData": "#cloud-config"}}]}, set()),
        ({"volumes": [{"sysprep": {"secret": {"name": "answers"}}}]}, {("Secret", "answers")}),
        ({"volumes": [{"sysprep": {"configMap": {"name": "answers"}}}]}, {("ConfigMap", "answers")}),
        (
            {"accessCredentials": [{"sshPublicKey": {"source": {"secret": {"secretName": "keys"}}}}]},
            {("Secret", "keys")},
        ),
        ({}, set()),
    ],
)
def test_secrets_and_config_maps_of_a_vm_are_found(template, found) -> None:
    assert references(manifest(**template)) == found


def test_a_claim_is_used_by_the_vm_that_has_its_volume() -> None:
    volumes = [{"persistentVolumeClaim": {"claimName": "data"}}, {"dataVolume": {"name": "root"}}]
    assert claim_users([manifest(volumes=volumes)]) == {"payroll/data": ("db-0",), "payroll/root": ("db-0",)}


def test_a_claim_that_two_vms_share_is_used_by_both() -> None:
    volumes = [{"persistentVolumeClaim": {"claimName": "quorum"}}]
    vms = [manifest(volumes=volumes), manifest(volumes=volumes)]
    vms[0]["metadata"]["name"] = "db-1"
    assert claim_users(vms) == {"payroll/quorum": ("db-0", "db-1")}
