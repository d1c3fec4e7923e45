# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import claim_users, references
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm_needs import (
    data_volumes,
    is_snapshot_of,
    keeps_state,
    leads_to,
    networks,
    revisions,
    state_claims,
    with_revisions,
)


def vm(status: dict[str, Any] | None = None, spec: dict[str, Any] | None = None, **template: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "db", "namespace": "payroll"},
        "spec": {**(spec or {}), "template": {"spec": template}},
        "status": status or {},
    }


SMALL = {"instancetype": {"kind": "VirtualMachineInstancetype", "name": "small"}}


def stored(name: str = "small") -> dict[str, Any]:
    return {"instancetypeRef": {"name": name, "controllerRevisionRef": {"name": "db-small-1"}}}


def test_a_revision_that_only_the_status_names_belongs_to_the_vm_and_moves_into_its_spec() -> None:
    made_with = vm(stored(), SMALL)
    assert ("ControllerRevision", "db-small-1") in references(made_with)
    assert with_revisions(made_with)["instancetype"] == {**SMALL["instancetype"], "revisionName": "db-small-1"}
    assert made_with["spec"]["instancetype"] == SMALL["instancetype"]


def test_the_owners_word_comes_before_the_status() -> None:
    spec = {"instancetype": {**SMALL["instancetype"], "revisionName": "mine"}}
    assert revisions(vm(stored(), spec)) == {"instancetype": "mine"}


def test_a_revision_of_another_instancetype_is_not_the_vms() -> None:
    assert revisions(vm(stored("large"), SMALL)) == {}


def test_a_vm_that_was_expanded_has_no_revision() -> None:
    expanded = vm(stored(), {"runStrategy": "Always"})
    assert (revisions(expanded), with_revisions(expanded)) == ({}, expanded["spec"])


def test_a_disk_of_a_container_needs_the_secret_of_its_registry() -> None:
    disk = {"name": "tools", "containerDisk": {"image": "r/tools", "imagePullSecret": "registry"}}
    assert ("Secret", "registry") in references(vm(volumes=[disk]))


@pytest.mark.parametrize(
    ("domain", "kept"),
    [
        ({"devices": {"tpm": {"persistent": True}}}, ["TPM"]),
        ({"firmware": {"bootloader": {"efi": {"persistent": True}}}}, ["EFI"]),
        ({"devices": {"tpm": {}}, "firmware": {"bootloader": {"efi": {}}}}, []),
        ({}, []),
    ],
)
def test_what_kubevirt_keeps_on_a_claim_of_its_own(domain: dict[str, Any], kept: list[str]) -> None:
    assert keeps_state(vm(domain=domain)) == kept


def test_state_claims_are_found_by_label_and_by_the_name_of_older_versions() -> None:
    def claim(**meta: Any) -> dict[str, Any]:
        return {"metadata": meta}

    claims = {
        "payroll/persistent-state-for-db-abc": claim(labels={"persistent-state-for": "db"}),
        "payroll/persistent-state-for-web": claim(),
        # of the same name in another namespace, on its way out, and one that has nothing to do with it
        "audit/state": claim(labels={"persistent-state-for": "db"}),
        "payroll/old": claim(labels={"persistent-state-for": "db"}, deletionTimestamp="2026-03-01T12:00:00Z"),
        "payroll/db": claim(),
    }
    assert state_claims(claims) == {
        "payroll/db": ["payroll/persistent-state-for-db-abc"],
        "payroll/web": ["payroll/persistent-state-for-web"],
        "audit/db": ["audit/state"],
    }


def test_imports_and_networks_of_its_own_namespace_are_the_vms() -> None:
    item = vm(
        volumes=[{"name": "root", "dataVolume": {"name": "db-root"}}, {"name": "x", "emptyDisk": {}}],
        networks=[
            {"name": "default", "pod": {}},
            {"name": "a", "multus": {"networkName": "vlan-1"}},
            {"name": "b", "multus": {"networkName": "payroll/vlan-2"}},
            {"name": "c", "multus": {"networkName": "default/vlan-3"}},
        ],
    )
    assert (data_volumes(item), networks(item)) == (["db-root"], ["vlan-1", "vlan-2"])


def test_snapshots_are_told_by_their_source() -> None:
    source = {"apiGroup": "kubevirt.io", "kind": "VirtualMachine", "name": "db"}
    assert is_snapshot_of({"spec": {"source": source}}, {"db"})
    assert not is_snapshot_of({"spec": {"source": source}}, {"web"})
    assert not is_snapshot_of({"spec": {"source": {**source, "kind": "VirtualMachineInstance"}}}, {"db"})


def test_routes_are_told_by_any_of_their_services() -> None:
    route = {"spec": {"to": {"kind": "Service", "name": "old"}, "alternateBackends": [{"name": "web"}]}}
    assert leads_to(route, {"web"})
    assert not leads_to(route, {"db"})


def test_a_claim_of_state_is_used_by_its_vm() -> None:
    root = vm(volumes=[{"name": "root", "persistentVolumeClaim": {"claimName": "db"}}])
    claims = {
        "payroll/db": {"metadata": {}},
        "payroll/state": {"metadata": {"labels": {"persistent-state-for": "db"}}},
    }
    assert claim_users([root], claims) == {"payroll/db": ("db",), "payroll/state": ("db",)}
