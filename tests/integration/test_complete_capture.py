# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that belongs to a VM is in a capture of each source, and comes back at the other site as it was."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.ocpvirt.dr.tests.integration.brought_objects import BRINGING, NO_IMPORT
from ansible_collections.ocpvirt.dr.tests.integration.comparison import differences, unintended
from ansible_collections.ocpvirt.dr.tests.integration.complete_workload import ADMITS, INSTANCETYPE, SCC, STATE, VM
from ansible_collections.ocpvirt.dr.tests.integration.completeness import Complete
from ansible_collections.ocpvirt.dr.tests.integration.data_volumes import FILLED, POPULATED_FOR
from ansible_collections.ocpvirt.dr.tests.integration.intended_differences import intended
from ansible_collections.ocpvirt.dr.tests.integration.world import assert_as_it_must_be
from demo.cluster import Object
from demo.storages import STORAGES
from demo.workload import NAMESPACE

# resource to the name that a capture has to hold of it
EXPECTED = {
    "namespaces": NAMESPACE,
    "virtualmachines.kubevirt.io": VM,
    "persistentvolumes": f"pv-{VM}",
    "persistentvolumeclaims": STATE,
    "secrets": "cloud-init",
    "configmaps": "settings",
    "services": VM,
    "routes.route.openshift.io": VM,
    "virtualmachineinstancetypes.instancetype.kubevirt.io": "small",
    "virtualmachinepreferences.instancetype.kubevirt.io": "linux",
}


def expected(complete: Complete) -> dict[str, set[str]]:
    """Resource to names. A record has what somebody else has to bring, and no more."""
    found = {resource: {name} for resource, name in EXPECTED.items()}
    if complete.source in BRINGING:
        return found
    return found | {
        "datavolumes.cdi.kubevirt.io": {FILLED.name},
        "network-attachment-definitions.k8s.cni.cncf.io": {"vlan-100"},
        "controllerrevisions.apps": complete.revisions,
        "virtualmachinesnapshots.snapshot.kubevirt.io": {VM},
        "virtualmachinesnapshotcontents.snapshot.kubevirt.io": {complete.content},
    }


def made_with(objects: Mapping[str, Object]) -> dict[str, Object]:
    """Of the complete VM: by field, the spec in the revision that it names, or that KubeVirt has made for it."""
    vm = objects[f"VirtualMachine/{NAMESPACE}/{VM}"]
    found = {}
    for field in ("instancetype", "preference"):
        seen = vm["status"].get(f"{field}Ref", {}).get("controllerRevisionRef", {}).get("name")
        name = vm["spec"][field].get("revisionName") or seen
        found[field] = objects[f"ControllerRevision/{NAMESPACE}/{name}"]["data"]["spec"]
    return found


def test_an_object_of_every_kind_is_captured(complete: Complete) -> None:
    objects = complete.capture.objects
    names = {resource: {item["metadata"]["name"] for item in items} for resource, items in objects.items()}
    missing = {resource: wanted - names.get(resource, set()) for resource, wanted in expected(complete).items()}
    assert {resource: lacking for resource, lacking in missing.items() if lacking} == {}


def test_a_namespace_is_captured_with_what_it_admits(complete: Complete) -> None:
    meta = complete.capture.index("namespaces")[NAMESPACE]["metadata"]
    assert ADMITS.items() <= meta["labels"].items()
    assert SCC.items() <= meta["annotations"].items()


def test_both_sites_differ_only_where_it_is_intended(complete: Complete) -> None:
    found = differences(complete.east, complete.west)
    assert unintended(found, intended(complete.source, complete.storages, complete.world.sites)) == []


def test_what_was_compared_has_every_kind_of_the_workload(complete: Complete) -> None:
    kinds = {key.partition("/")[0] for key in complete.west}
    assert kinds >= {
        *("Namespace", "PersistentVolume", "PersistentVolumeClaim", "VirtualMachine", "Secret", "ConfigMap", "Service"),
        *("Route", "NetworkAttachmentDefinition", "ControllerRevision"),
        *("VirtualMachineInstancetype", "VirtualMachinePreference"),
    }
    assert {"DataVolume", "VirtualMachineSnapshot"} <= {key.partition("/")[0] for key in complete.east}


def test_the_vm_has_the_instancetype_and_preference_that_it_was_made_with(complete: Complete) -> None:
    assert made_with(complete.west) == made_with(complete.east) == {"instancetype": INSTANCETYPE, "preference": {}}


def test_p2_no_import_was_ever_requested(complete: Complete) -> None:
    """KubeVirt makes the DataVolume at the VM's start; CDI finds its claim filled, and does nothing."""
    assert (FILLED.name, "Succeeded") in complete.phases["east"]
    assert complete.phases["west"] <= {(FILLED.name, ""), (FILLED.name, "Succeeded")}
    vm = complete.west[f"VirtualMachine/{NAMESPACE}/{FILLED.name}"]
    assert vm["spec"]["dataVolumeTemplates"][0]["metadata"]["name"] == FILLED.name
    assert vm["metadata"]["annotations"][NO_IMPORT] == "false"
    claim = complete.west[f"PersistentVolumeClaim/{NAMESPACE}/{FILLED.name}"]
    assert claim["metadata"]["annotations"][POPULATED_FOR] == FILLED.name


def test_p2_no_volume_names_the_lost_site(complete: Complete) -> None:
    volumes = {key: str(item["spec"]) for key, item in complete.west.items() if key.startswith("PersistentVolume/")}
    for name in complete.storages:
        foreign, own = (STORAGES[name].address(complete.world.sites[site]) for site in ("east", "west"))
        assert [key for key, spec in volumes.items() if foreign in spec] == []
        assert [key for key, spec in volumes.items() if own in spec]


def test_every_vm_that_ran_runs_on_its_own_data(complete: Complete) -> None:
    assert FILLED.name in complete.world.running
    assert_as_it_must_be(complete.world)
