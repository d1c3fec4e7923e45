# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that belongs to a VM is in a capture of each source, and comes back at the other site."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.completeness import (
    ADMITS,
    EXPECTED,
    SCC,
    STATE,
    VM,
    Complete,
    path_of,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import assert_as_it_must_be
from demo.workload import NAMESPACE

SOURCES = ("oadp", "export")
# kept in the capture
NOT_RESTORED = ("VirtualMachineSnapshot", "VirtualMachineSnapshotContent")
RESTORED = (
    ("instancetype.kubevirt.io/v1beta1", "VirtualMachineInstancetype", "small"),
    ("instancetype.kubevirt.io/v1beta1", "VirtualMachinePreference", "linux"),
    ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "vlan-100"),
    ("route.openshift.io/v1", "Route", VM),
    ("v1", "Service", VM),
    ("v1", "ConfigMap", "settings"),
    ("v1", "PersistentVolumeClaim", STATE),
)


@pytest.mark.parametrize("source", SOURCES)
def test_an_object_of_every_kind_is_captured(complete: Complete, source: str) -> None:
    objects = complete.captures[source].objects
    names = {resource: {item["metadata"]["name"] for item in items} for resource, items in objects.items()}
    assert {resource: name for resource, name in EXPECTED.items() if name not in names.get(resource, ())} == {}
    assert names["controllerrevisions.apps"] >= complete.revisions
    assert complete.content in names["virtualmachinesnapshotcontents.snapshot.kubevirt.io"]


@pytest.mark.parametrize("source", SOURCES)
def test_a_namespace_is_captured_with_what_it_admits(complete: Complete, source: str) -> None:
    meta = complete.captures[source].index("namespaces")[NAMESPACE]["metadata"]
    assert ADMITS.items() <= meta["labels"].items()
    assert SCC.items() <= meta["annotations"].items()


def test_the_failover_made_the_namespace_as_it_was(complete: Complete) -> None:
    meta = complete.world.cluster("west").get("Namespace", NAMESPACE)["metadata"]
    assert ADMITS.items() <= meta["labels"].items()
    assert SCC.items() <= meta["annotations"].items()


@pytest.mark.parametrize(("version", "kind", "name"), RESTORED)
def test_what_the_vm_needs_came_back(complete: Complete, version: str, kind: str, name: str) -> None:
    complete.world.cluster("west").call("GET", f"{path_of(version, kind)}/{name}")


def test_the_vm_has_the_revisions_that_it_was_made_with(complete: Complete) -> None:
    west = complete.world.cluster("west")
    vm = west.get("VirtualMachine", VM, NAMESPACE)
    named = {vm["spec"][field]["revisionName"] for field in ("instancetype", "preference")}
    assert named == complete.revisions
    found = west.call("GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/controllerrevisions")["items"]
    names = {item["metadata"]["name"] for item in found}
    # KubeVirt makes one of these at each start of any VM
    assert {name for name in names if not name.startswith("revision-start-vm-")} == complete.revisions


def test_the_claim_of_its_tpm_is_bound_and_still_says_whose_it_is(complete: Complete) -> None:
    claim = complete.world.cluster("west").get("PersistentVolumeClaim", STATE, NAMESPACE)
    assert (claim["status"]["phase"], claim["metadata"]["labels"]["persistent-state-for"]) == ("Bound", VM)


def test_nothing_is_snapshot_anew(complete: Complete) -> None:
    west = complete.world.cluster("west")
    for kind in NOT_RESTORED:
        assert west.call("GET", path_of("snapshot.kubevirt.io/v1beta1", kind))["items"] == [], kind


def test_the_other_vms_run(complete: Complete) -> None:
    assert_as_it_must_be(complete.world)
