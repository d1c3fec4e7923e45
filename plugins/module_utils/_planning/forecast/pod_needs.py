# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pods of VMs and workloads ask of a node and of a namespace's quota. Pure.

Of a VM it is what virt-controller of KubeVirt 1.7 renders into its launcher pod: the guest's memory, and the overhead
of the processes around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..._model.pod_template import pod_template
from ..._model.quantity import parse_quantity
from ..vm.parts import Object, devices, domain

MEMORY, CPU, PODS, KVM = "memory", "cpu", "pods", "devices.kubevirt.io/kvm"
MIB = 1024**2
# launcher, its monitor, virtlogd, virtqemud, QEMU itself; then an IO thread
PROCESSES = (100 + 25 + 25 + 40 + 30 + 8) * MIB
PER_VCPU = 8 * MIB
GRAPHICS = 32 * MIB
TPM = 53 * MIB
PINNED = 100 * MIB
ARM_FIRMWARE = 128 * MIB
PASSTHROUGH = 1024 * MIB
# one bit for every 512 of RAM
PAGE_TABLES = 512
# of a pod in a namespace whose quota counts limits, to its requests
LIMITS_RATIO = 2

Amounts = dict[str, int]


@dataclass(frozen=True)
class VmDefaults:
    """What a cluster's KubeVirt says of VMs that say nothing. cpu_ratio: vCPUs of guests that share one of a node."""

    cpu_ratio: int = 10
    memory_overcommit: int = 100
    overhead_ratio: float = 1.0
    emulation: bool = False


@dataclass(frozen=True)
class PodNeed:
    """requests: of a node; memory in bytes, CPU in thousandths. limits: what a quota of limits counts."""

    requests: Amounts
    limits: Amounts


def vm_need(vm: Object, instancetype: Object | None, defaults: VmDefaults) -> PodNeed:
    """instancetype: the spec of the one that the VM refers to."""
    machine, wanted = domain(vm), domain(vm).get("resources") or {}
    requests, limits = wanted.get("requests") or {}, wanted.get("limits") or {}
    cpu, memory = machine.get("cpu") or {}, machine.get("memory") or {}
    given = instancetype or {}
    vcpus = (given.get("cpu") or {}).get("guest") or _topology(cpu) or _whole(limits.get(CPU) or requests.get(CPU))
    vcpus = max(1, int(vcpus))
    pinned = bool(cpu.get("dedicatedCpuPlacement") or (given.get("cpu") or {}).get("dedicatedCPUPlacement"))
    guest = _guest(memory, requests, limits, given)
    asked = _memory(guest, requests, limits, given, defaults)
    over = int(_overhead(vm, vcpus, guest, pinned) * defaults.overhead_ratio)
    huge = (memory.get("hugepages") or (given.get("memory") or {}).get("hugepages") or {}).get("pageSize")
    amounts: Amounts = {PODS: 1, CPU: _cpu(vcpus, pinned, requests, limits, defaults)}
    if huge:
        # the guest lies in huge pages, what is around it does not
        amounts |= {f"hugepages-{huge}": asked, MEMORY: over}
    else:
        amounts[MEMORY] = asked if wanted.get("overcommitGuestOverhead") else asked + over
    if not defaults.emulation:
        amounts[KVM] = 1
    for device in _host_devices(vm, given):
        amounts[device] = amounts.get(device, 0) + 1
    memory_limit = amount(limits.get(MEMORY)) + over if MEMORY in limits else amounts[MEMORY] * LIMITS_RATIO
    cpu_limit = thousandths(limits.get(CPU)) if CPU in limits else vcpus * 1000
    return PodNeed(amounts, {MEMORY: memory_limit, CPU: cpu_limit})


def workload_need(workload: Object) -> PodNeed:
    """Of one of its pods."""
    spec = pod_template(workload)["spec"]
    containers = spec.get("containers") or []
    limits = {
        MEMORY: sum(amount(_part(item, "limits").get(MEMORY)) for item in containers),
        CPU: sum(thousandths(_part(item, "limits").get(CPU)) for item in containers),
    }
    return PodNeed(pod_requests(spec), limits)


def pod_requests(spec: Object) -> Amounts:
    """What the scheduler counts of a pod's spec: its containers together, or its largest init container."""
    found: Amounts = {}
    for container in spec.get("containers") or ():
        _add(found, _part(container, "requests"))
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            _add(found, _part(container, "requests"))
            continue
        for name, value in _part(container, "requests").items():
            found[name] = max(found.get(name, 0), as_amount(name, value))
    _add(found, spec.get("overhead") or {})
    found[PODS] = 1
    return found


def as_amount(name: str, value: Any) -> int:
    """CPU in thousandths, everything else in whole units."""
    return thousandths(value) if name == CPU else amount(value)


def amount(value: Any) -> int:
    return 0 if value is None else int(_parsed(str(value)))


def thousandths(value: Any) -> int:
    return 0 if value is None else int(_parsed(str(value)) * 1000)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Any:
    return parse_quantity(text)


def _part(container: Object, name: str) -> Mapping[str, Any]:
    return (container.get("resources") or {}).get(name) or {}


def _add(found: Amounts, amounts: Mapping[str, Any]) -> None:
    for name, value in amounts.items():
        found[name] = found.get(name, 0) + as_amount(name, value)


def _whole(value: Any) -> int:
    return -(-thousandths(value) // 1000)


def _topology(cpu: Object) -> int:
    parts = [int(cpu[name]) for name in ("cores", "sockets", "threads") if cpu.get(name)]
    product = 1 if parts else 0
    for part in parts:
        product *= part
    return product


def _guest(memory: Object, requests: Object, limits: Object, instancetype: Object) -> int:
    own = (instancetype.get("memory") or {}).get("guest") or memory.get("guest")
    pages = (memory.get("hugepages") or {}).get("pageSize")
    return amount(own or requests.get(MEMORY) or limits.get(MEMORY) or pages)


def _memory(guest: int, requests: Object, limits: Object, instancetype: Object, defaults: VmDefaults) -> int:
    spared = (instancetype.get("memory") or {}).get("overcommitPercent")
    if spared:
        return guest * (100 - int(spared)) // 100
    if requests.get(MEMORY) or limits.get(MEMORY):
        return amount(requests.get(MEMORY) or limits.get(MEMORY))
    return guest * 100 // max(1, defaults.memory_overcommit)


def _cpu(vcpus: int, pinned: bool, requests: Object, limits: Object, defaults: VmDefaults) -> int:
    if pinned:
        return vcpus * 1000
    if requests.get(CPU) or limits.get(CPU):
        return thousandths(requests.get(CPU) or limits.get(CPU))
    return vcpus * 1000 // max(1, defaults.cpu_ratio)


def _overhead(vm: Object, vcpus: int, guest: int, pinned: bool) -> int:
    found = PROCESSES + vcpus * PER_VCPU + guest // PAGE_TABLES
    if devices(vm).get("autoattachGraphicsDevice", True):
        found += GRAPHICS
    if "tpm" in devices(vm) and (devices(vm)["tpm"] or {}).get("enabled", True):
        found += TPM
    if pinned:
        found += PINNED
    if vm["spec"]["template"]["spec"].get("architecture") == "arm64":
        found += ARM_FIRMWARE
    if devices(vm).get("hostDevices") or devices(vm).get("gpus"):
        found += PASSTHROUGH
    return found


def _host_devices(vm: Object, instancetype: Object) -> Iterable[str]:
    for source in (devices(vm), instancetype):
        for field in ("gpus", "hostDevices"):
            for item in source.get(field) or ():
                if item.get("deviceName"):
                    yield str(item["deviceName"])
