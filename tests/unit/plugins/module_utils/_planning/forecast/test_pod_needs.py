# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.kubevirt_settings import kubevirt_settings
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.pod_needs import (
    CPU,
    KVM,
    MEMORY,
    MIB,
    VmDefaults,
    pod_requests,
    vm_need,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.vm.instancetype import instancetype_spec

GIB = 1024 * MIB
# a guest of 4 GiB with one vCPU: 228 MiB for the processes, 8 for page tables, 8 for the vCPU, 32 for graphics
OVERHEAD = 276 * MIB


def vm(domain: dict[str, Any], **spec: Any) -> dict[str, Any]:
    template = {"domain": {"devices": {}, **domain}, "volumes": []}
    return {"metadata": {"name": "db-0", "namespace": "payroll"}, "spec": {"template": {"spec": template}, **spec}}


def memory(domain: dict[str, Any], defaults: VmDefaults | None = None, instancetype: Any = None) -> int:
    return vm_need(vm(domain), instancetype, defaults or VmDefaults()).requests[MEMORY]


def cpu(domain: dict[str, Any], defaults: VmDefaults | None = None, instancetype: Any = None) -> int:
    return vm_need(vm(domain), instancetype, defaults or VmDefaults()).requests[CPU]


@pytest.mark.parametrize(
    ("domain", "more"),
    [
        ({}, 0),
        ({"cpu": {"cores": 2, "sockets": 2}}, 3 * 8 * MIB),
        ({"devices": {"autoattachGraphicsDevice": False}}, -32 * MIB),
        ({"devices": {"tpm": {"persistent": True}}}, 53 * MIB),
        ({"cpu": {"cores": 1, "dedicatedCpuPlacement": True}}, 100 * MIB),
        ({"devices": {"gpus": [{"name": "gpu1", "deviceName": "nvidia.com/TU104"}]}}, GIB),
    ],
)
def test_a_guest_needs_more_memory_than_it_sees(domain: dict[str, Any], more: int) -> None:
    assert memory({"memory": {"guest": "4Gi"}, **domain}) == 4 * GIB + OVERHEAD + more


def test_memory_that_is_requested_goes_before_that_of_the_guest() -> None:
    resources = {"resources": {"requests": {"memory": "2Gi"}}}
    assert memory({"memory": {"guest": "4Gi"}, **resources}) == 2 * GIB + OVERHEAD


def test_a_vm_that_overcommits_its_overhead_asks_for_the_guest_alone() -> None:
    assert memory({"memory": {"guest": "4Gi"}, "resources": {"overcommitGuestOverhead": True}}) == 4 * GIB


def test_a_cluster_may_overcommit_memory_and_raise_the_overhead() -> None:
    defaults = VmDefaults(memory_overcommit=200, overhead_ratio=1.5)
    assert memory({"memory": {"guest": "4Gi"}}, defaults) == 2 * GIB + OVERHEAD * 3 // 2


def test_a_guest_in_huge_pages_leaves_the_overhead_to_ordinary_memory() -> None:
    found = vm_need(vm({"memory": {"guest": "4Gi", "hugepages": {"pageSize": "1Gi"}}}), None, VmDefaults()).requests
    assert (found["hugepages-1Gi"], found[MEMORY]) == (4 * GIB, OVERHEAD)


@pytest.mark.parametrize(
    ("domain", "thousandths"),
    [
        ({"cpu": {"cores": 4}}, 400),
        ({"cpu": {"cores": 4, "dedicatedCpuPlacement": True}}, 4000),
        ({"cpu": {"cores": 4}, "resources": {"requests": {"cpu": "500m"}}}, 500),
        ({}, 100),
    ],
)
def test_vcpus_share_those_of_a_node_unless_they_are_pinned(domain: dict[str, Any], thousandths: int) -> None:
    assert cpu(domain) == thousandths


def test_an_instancetype_gives_cpu_and_memory() -> None:
    spec = {"cpu": {"guest": 8}, "memory": {"guest": "16Gi", "overcommitPercent": 50}}
    assert cpu({}, instancetype=spec) == 800
    assert memory({}, instancetype=spec) == 8 * GIB + (228 + 64 + 32 + 32) * MIB


def test_a_vm_needs_kvm_unless_the_cluster_emulates() -> None:
    assert vm_need(vm({}), None, VmDefaults()).requests[KVM] == 1
    assert KVM not in vm_need(vm({}), None, VmDefaults(emulation=True)).requests


def test_devices_of_the_host_are_counted() -> None:
    gpus = [{"name": f"gpu{number}", "deviceName": "nvidia.com/TU104"} for number in range(2)]
    assert vm_need(vm({"devices": {"gpus": gpus}}), None, VmDefaults()).requests["nvidia.com/TU104"] == 2


def test_a_pod_needs_its_containers_together_or_its_largest_init_container() -> None:
    def container(cpus: str, **more: Any) -> dict[str, Any]:
        return {"resources": {"requests": {"cpu": cpus}}, **more}

    spec = {
        "containers": [container("100m"), container("200m"), {}],
        "initContainers": [container("1"), container("50m", restartPolicy="Always")],
    }
    assert pod_requests(spec) == {CPU: 1050, "pods": 1}


def test_settings_of_the_cluster_are_read_where_they_are_said() -> None:
    rate = {"tokenBucketRateLimiter": {"qps": 5, "burst": 10}}
    configuration = {
        "controllerConfiguration": {"restClient": {"rateLimiter": rate}},
        "developerConfiguration": {"cpuAllocationRatio": 4, "memoryOvercommit": 150, "useEmulation": True},
        "additionalGuestMemoryOverheadRatio": "1.2",
    }
    settings = kubevirt_settings({"spec": {"configuration": configuration}})
    assert (settings.qps, settings.burst) == (5, 10)
    assert settings.defaults == VmDefaults(4, 150, 1.2, True)


@pytest.mark.parametrize("kubevirt", [None, {"spec": {}}, {"spec": {"configuration": {"controllerConfiguration": {}}}}])
def test_a_cluster_that_says_nothing_has_kubevirts_own_settings(kubevirt: Any) -> None:
    settings = kubevirt_settings(kubevirt)
    assert (settings.qps, settings.burst, settings.defaults) == (200, 400, VmDefaults())


@pytest.mark.parametrize(
    ("matcher", "cpus"),
    [
        ({"kind": "VirtualMachineClusterInstancetype", "name": "u1.large", "revisionName": "db-0-rev"}, 2),
        ({"name": "u1.large"}, 3),
        ({"kind": "virtualmachineinstancetype", "name": "u1.large"}, 4),
        ({"name": "gone"}, None),
    ],
)
def test_the_revision_that_was_captured_goes_before_the_instancetype(matcher: dict[str, str], cpus: int | None) -> None:
    def of(count: int) -> dict[str, Any]:
        return {"spec": {"cpu": {"guest": count}}}

    found = instancetype_spec(
        vm({}, instancetype=matcher),
        {"payroll/db-0-rev": {"data": of(2)}},
        {"payroll/u1.large": of(4)},
        {"u1.large": of(3)},
    )
    assert (found and found["cpu"]["guest"]) == cpus
