# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings over the disks of the plan's VMs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm_needs import keeps_state
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.clones import clone_origin, cloned_volume
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.gitops import implicit_volumes
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.imports import registry_imports
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.migration import unmigratable
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.sharing import (
    scsi_reservations,
    shared_volumes,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.state import unprotected_states
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.uncovered import (
    hotplugged_volumes,
    removable_media,
    uncovered_volumes,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import (
    LABEL,
    Object,
    claim,
    only,
    template,
    told,
    vm,
    with_volume,
)

ON_VM = "VirtualMachine/payroll/db-0"
ON_CLAIM = "PersistentVolumeClaim/payroll/db-0"


def templated(**marks: Any) -> Object:
    """A VM whose disk is made by a template; marks: labels or annotations."""
    item = vm()
    for part, values in marks.items():
        item["metadata"][part].update(values)
    source = {"registry": {"url": "docker://quay.io/containerdisks/fedora:41"}}
    item["spec"]["dataVolumeTemplates"] = [{"metadata": {"name": "db-0"}, "spec": {"source": source, "storage": {}}}]
    return item


@pytest.mark.parametrize(
    ("marks", "manager"),
    [
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "payroll:kubevirt.io/VirtualMachine:payroll/db-0"}},
            "Argo CD",
        ),
        ({"labels": {"argocd.argoproj.io/instance": "payroll"}}, "Argo CD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "payroll"}}, "Flux"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "payroll"}}, "Flux"),
        ({"annotations": {"apps.open-cluster-management.io/hosting-subscription": "a/b"}}, "Open Cluster Management"),
    ],
)
def test_volumes_of_templates_are_unknown_to_the_git_that_the_vm_comes_from(marks: Any, manager: str) -> None:
    finding = only(implicit_volumes([templated(**marks)]))
    assert told([finding]) == [f"warning ImplicitVolume {ON_VM}"]
    assert finding.message.startswith(f"{manager} manages it")
    assert "make db-0, which Git does not hold" in finding.message


def test_templates_without_gitops_and_gitops_without_templates_are_in_order() -> None:
    managed = vm()
    managed["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = "x"
    helm = templated(labels={"app.kubernetes.io/instance": "payroll"})
    assert told(implicit_volumes([templated(), managed, helm])) == []


CDI = {"kind": "VolumeCloneSource", "name": "volume-clone-source-1", "apiGroup": "cdi.kubevirt.io"}


@pytest.mark.parametrize(
    ("annotations", "spec", "origin"),
    [
        ({}, {"dataSource": {"kind": "PersistentVolumeClaim", "name": "golden"}}, "PersistentVolumeClaim golden"),
        (
            {},
            {"dataSourceRef": {"kind": "VolumeSnapshot", "name": "rhel9", "apiGroup": "snapshot.storage.k8s.io"}},
            "VolumeSnapshot rhel9",
        ),
        ({"cdi.kubevirt.io/cloneType": "snapshot"}, {"dataSourceRef": CDI}, "VolumeCloneSource volume-clone-source-1"),
        (
            {"cdi.kubevirt.io/cloneType": "csi-clone", "k8s.io/CloneRequest": "os-images/rhel9"},
            {},
            "os-images/rhel9",
        ),
        ({"k8s.io/SmartCloneRequest": "true"}, {}, "a volume that CDI cloned"),
        ({"k8s.io/CloneOf": "true", "k8s.io/CloneRequest": "os-images/rhel9"}, {}, "os-images/rhel9"),
        ({"cdi.kubevirt.io/cloneType": "copy", "k8s.io/CloneOf": "true"}, {"dataSourceRef": CDI}, ""),
        ({"cdi.kubevirt.io/storage.import.source": "registry"}, {}, ""),
        ({}, {"dataSourceRef": {"kind": "VolumeImportSource", "name": "i", "apiGroup": "cdi.kubevirt.io"}}, ""),
        ({}, {}, ""),
    ],
)
def test_a_clone_of_the_storage_is_told_from_a_copy(annotations: Any, spec: Any, origin: str) -> None:
    item = claim(annotations=annotations)
    item["spec"].update(spec)
    assert clone_origin(item) == origin


def test_a_clone_is_reported_with_its_origin_and_the_remedy_of_the_product() -> None:
    finding = cloned_volume(claim(), "VolumeSnapshot rhel9", "flatten its image")
    assert told([finding]) == [f"warning ClonedVolume {ON_CLAIM}"]
    assert "VolumeSnapshot rhel9" in finding.message
    assert finding.remedy == "flatten its image"


def data_volume(registry: Any, name: str = "db-0") -> Object:
    source = {"registry": registry} if registry is not None else {"blank": {}}
    return {"kind": "DataVolume", "metadata": {"name": name, "namespace": "payroll"}, "spec": {"source": source}}


URL = {"url": "docker://quay.io/containerdisks/fedora:41"}


@pytest.mark.parametrize(
    ("registry", "seen"),
    [(URL, "pullMethod pod"), ({**URL, "pullMethod": "pod"}, "pullMethod pod"), ({"imageStream": "rhel9"}, "pod")],
)
def test_an_import_from_a_registry_through_a_pod_is_found(registry: Any, seen: str) -> None:
    finding = only(registry_imports([vm()], [data_volume(registry)], {"payroll/db-0"}))
    assert told([finding]) == ["warning RegistryImport DataVolume/payroll/db-0"]
    assert seen in finding.message


def test_an_import_by_the_node_from_elsewhere_or_of_somebody_else_is_in_order() -> None:
    found = [data_volume({**URL, "pullMethod": "node"}), data_volume(None), data_volume(URL, "golden")]
    assert told(registry_imports([vm()], found, {"payroll/db-0"})) == []


def test_a_template_and_the_data_volume_that_it_made_are_one_import() -> None:
    assert len(told(registry_imports([templated()], [data_volume(URL)], {"payroll/db-0"}))) == 1


@pytest.mark.parametrize(
    ("strategy", "modes", "found"),
    [
        ("LiveMigrate", ("ReadWriteOnce",), ["warning"]),
        ("LiveMigrateIfPossible", ("ReadWriteOnce",), ["info"]),
        ("LiveMigrate", ("ReadWriteOncePod",), ["warning"]),
        ("LiveMigrate", ("ReadWriteOnce", "ReadWriteMany"), []),
        ("None", ("ReadWriteOnce",), []),
        (None, ("ReadWriteOnce",), []),
    ],
)
def test_a_vm_that_wants_live_migration_needs_volumes_that_two_nodes_can_mount(
    strategy: str | None, modes: tuple[str, ...], found: list[str]
) -> None:
    item = vm()
    if strategy:
        template(item)["evictionStrategy"] = strategy
    findings = list(unmigratable([item], {"payroll/db-0": claim(modes=modes)}))
    assert told(findings) == [f"{severity} NotMigratable {ON_VM}" for severity in found]
    assert all(f"db-0 ({modes[0]})" in finding.message for finding in findings)


QUORUM_VOLUME = {"persistentVolumeClaim": {"claimName": "quorum"}}


def sharing(*names: str, shareable: bool = True) -> list[Object]:
    """VMs that have the claim quorum in common."""
    return [with_volume(vm(name), QUORUM_VOLUME, {"disk": {}, "shareable": shareable}) for name in names]


QUORUM = "PersistentVolumeClaim/payroll/quorum"


@pytest.mark.parametrize(
    ("vms", "selected", "found", "words"),
    [
        (sharing("a", "b"), ("a", "b"), [f"warning SharedVolume {QUORUM}"], "payroll/a, payroll/b use it. It moves"),
        (
            sharing("a", "b", shareable=False),
            ("a", "b"),
            [f"warning SharedVolume {QUORUM}"],
            "only one of them can run",
        ),
        (sharing("a", "b"), ("a",), [f"blocker SharedVolume {QUORUM}"], "the plan does not select payroll/b"),
        (sharing("a"), ("a",), [f"info SharedVolume {QUORUM}"], "nothing keeps a second VM"),
        (sharing("a", shareable=False), ("a",), [], ""),
        (sharing("a", "b"), (), [], ""),
        # one VM with the disk twice
        ([with_volume(*sharing("a", shareable=False), QUORUM_VOLUME, {"disk": {}})], ("a",), [], ""),
    ],
)
def test_a_disk_that_several_vms_use_is_judged_by_who_moves(
    vms: list[Object], selected: tuple[str, ...], found: list[str], words: str
) -> None:
    findings = list(shared_volumes(vms, {f"payroll/{name}" for name in selected}))
    assert told(findings) == found
    assert all(words in finding.message for finding in findings)


def test_claims_of_one_name_in_two_namespaces_are_two_disks() -> None:
    first, second = sharing("a", shareable=False) + sharing("b", shareable=False)
    second["metadata"]["namespace"] = "web"
    assert told(shared_volumes([first, second], {"payroll/a", "web/b"})) == []


def test_scsi_reservations_stay_in_their_site() -> None:
    volume = {"persistentVolumeClaim": {"claimName": "quorum"}}
    item = with_volume(vm(), volume, {"lun": {"bus": "scsi", "reservation": True}, "shareable": True})
    assert told(scsi_reservations([item, vm("db-1")])) == [f"warning ScsiReservation {ON_VM}"]


@pytest.mark.parametrize(
    ("volume", "severity", "words"),
    [
        (
            {"hostDisk": {"path": "/data/disk.img", "type": "DiskOrCreate", "capacity": "1Gi"}},
            "blocker",
            "/data/disk.img",
        ),
        ({"ephemeral": {"persistentVolumeClaim": {"claimName": "golden"}}}, "warning", "golden"),
        ({"memoryDump": {"claimName": "dump", "hotpluggable": True}}, "warning", "dump"),
        ({"emptyDisk": {"capacity": "2Gi"}}, "info", "2Gi"),
        ({"containerDisk": {"image": "registry.redhat.io/virtio-win:v1"}}, "info", "registry.redhat.io/virtio-win:v1"),
    ],
)
def test_a_volume_that_no_replication_covers_is_found_by_its_kind(volume: Any, severity: str, words: str) -> None:
    finding = only(uncovered_volumes([with_volume(vm(), volume)]))
    assert told([finding]) == [f"{severity} NotReplicated {ON_VM}"]
    assert f"volume extra ({next(iter(volume))} {words})" in finding.message


@pytest.mark.parametrize(
    "volume",
    [
        {"persistentVolumeClaim": {"claimName": "data"}},
        {"cloudInitConfigDrive": {"userData": "#cloud-config"}},
        {"configMap": {"name": "settings"}},
        {"serviceAccount": {"serviceAccountName": "default"}},
        {"downwardMetrics": {}},
    ],
)
def test_a_volume_that_is_captured_or_made_anew_is_in_order(volume: Any) -> None:
    assert told(uncovered_volumes([with_volume(vm(), volume)])) == []


def running(*volumes: Object) -> Object:
    spec = {"volumes": [*template(vm())["volumes"], *volumes]}
    return {"kind": "VirtualMachineInstance", "metadata": {"name": "db-0", "namespace": "payroll"}, "spec": spec}


HOTPLUGGED = {"name": "extra", "persistentVolumeClaim": {"claimName": "late", "hotpluggable": True}}


def test_a_volume_that_only_the_running_machine_has_is_found() -> None:
    finding = only(hotplugged_volumes({"payroll/db-0": vm()}, [running(HOTPLUGGED)]))
    assert told([finding]) == [f"warning HotpluggedVolume {ON_VM}"]
    assert "claim late" in finding.message


def test_volumes_that_the_vm_has_too_that_leave_at_the_next_start_or_of_other_vms_are_in_order() -> None:
    kept = with_volume(vm(), {"persistentVolumeClaim": {"claimName": "late", "hotpluggable": True}})
    leaving = {"name": "old", "persistentVolumeClaim": {"claimName": "old"}}
    assert told(hotplugged_volumes({"payroll/db-0": kept}, [running(HOTPLUGGED)])) == []
    assert told(hotplugged_volumes({"payroll/db-0": vm()}, [running(leaving)])) == []
    assert told(hotplugged_volumes({}, [running(HOTPLUGGED)])) == []


def test_a_claim_in_a_cd_rom_drive_is_found_and_an_image_there_is_not() -> None:
    iso = with_volume(vm(), {"persistentVolumeClaim": {"claimName": "win2k22-iso"}}, {"cdrom": {"bus": "sata"}})
    drivers = with_volume(vm("db-1"), {"containerDisk": {"image": "virtio-win"}}, {"cdrom": {"bus": "sata"}})
    finding = only(removable_media([iso, drivers, vm("db-2")]))
    assert told([finding]) == [f"info RemovableMedia {ON_VM}"]
    assert "win2k22-iso" in finding.message


def sealed(tpm: Any = None, efi: Any = None) -> Object:
    item = vm()
    domain = template(item)["domain"]
    if tpm is not None:
        domain["devices"]["tpm"] = tpm
    if efi is not None:
        domain["firmware"]["bootloader"] = {"efi": efi}
    return item


def state(protected: bool, name: str = "db-0") -> Object:
    labels = {"persistent-state-for": name, **({LABEL: "true"} if protected else {})}
    return claim(f"persistent-state-for-{name}-x7k2p", labels=labels)


def by_key(claims: list[Object]) -> dict[str, Object]:
    return {f"payroll/{item['metadata']['name']}": item for item in claims}


@pytest.mark.parametrize(
    ("item", "what"),
    [
        (sealed(tpm={"persistent": True}), "TPM"),
        (sealed(efi={"secureBoot": True, "persistent": True}), "EFI"),
        (sealed(tpm={"persistent": True}, efi={"persistent": True}), "TPM and EFI"),
    ],
)
@pytest.mark.parametrize("claims", [[], [state(False)], [state(True, "db-1")]])
def test_the_state_of_a_tpm_or_of_efi_that_no_capture_holds_blocks(
    item: Object, what: str, claims: list[Object]
) -> None:
    item["spec"]["runStrategy"] = "Always"
    finding = only(unprotected_states([item], by_key(claims), LABEL))
    assert told([finding]) == [f"blocker StateNotProtected {ON_VM}"]
    assert f"its persistent {what} state" in finding.message


def test_a_vm_that_was_never_started_has_no_state_to_protect_yet() -> None:
    stopped = sealed(tpm={"persistent": True})
    stopped["spec"]["runStrategy"] = "Halted"
    assert told(unprotected_states([stopped], {}, LABEL)) == []
    assert told(unprotected_states([stopped], by_key([state(False)]), LABEL)) == [f"blocker StateNotProtected {ON_VM}"]


def test_a_record_that_nobody_can_read_does_not_hide_it() -> None:
    torn = sealed(tpm={"persistent": True})
    torn["spec"]["runStrategy"] = "Always"
    torn["metadata"]["annotations"] = {"dr.ocpvirt.io/recorded": "{"}
    assert told(unprotected_states([torn], {}, LABEL)) == [f"blocker StateNotProtected {ON_VM}"]


def test_a_state_that_is_protected_or_not_kept_is_in_order() -> None:
    kept = sealed(tpm={"persistent": True})
    assert told(unprotected_states([kept], by_key([state(True)]), LABEL)) == []
    assert [keeps_state(item) for item in (sealed(tpm={}), sealed(efi={"secureBoot": True}), vm(), kept)] == [
        [],
        [],
        [],
        ["TPM"],
    ]
