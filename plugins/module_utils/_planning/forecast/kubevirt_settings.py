# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster's KubeVirt resource says of all VMs: the rate of virt-controller's requests, overcommitment. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..vm.parts import Object
from .pod_needs import VmDefaults

# of KubeVirt 1.7, where nothing is said
QPS, BURST = 200.0, 400.0


@dataclass(frozen=True)
class KubeVirtSettings:
    """qps, burst: of virt-controller's requests to the API server."""

    defaults: VmDefaults
    qps: float
    burst: float


def kubevirt_settings(kubevirt: Object | None) -> KubeVirtSettings:
    given = ((kubevirt or {}).get("spec") or {}).get("configuration") or {}
    developer = given.get("developerConfiguration") or {}
    rate = _at(given, "controllerConfiguration", "restClient", "rateLimiter", "tokenBucketRateLimiter")
    defaults = VmDefaults(
        cpu_ratio=int(developer.get("cpuAllocationRatio") or VmDefaults.cpu_ratio),
        memory_overcommit=int(developer.get("memoryOvercommit") or VmDefaults.memory_overcommit),
        overhead_ratio=float(given.get("additionalGuestMemoryOverheadRatio") or VmDefaults.overhead_ratio),
        emulation=bool(developer.get("useEmulation")),
    )
    return KubeVirtSettings(defaults, float(rate.get("qps") or QPS), float(rate.get("burst") or BURST))


def _at(document: Any, *path: str) -> Any:
    for key in path:
        document = (document or {}).get(key)
    return document or {}
