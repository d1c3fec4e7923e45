# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs that only some nodes of one site can run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..._model.finding import Finding
from ..vm.parts import Object, devices, some, template, title

# values of these differ from cluster to cluster
PLACES = (
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
)


def pinned(vms: Iterable[Object]) -> Iterator[Finding]:
    for vm in vms:
        names = sorted(set(_required(vm)) & set(PLACES))
        if names:
            yield Finding(
                "warning",
                "PinnedToNode",
                title(vm),
                f"it runs only on nodes with a certain {some(names)}, and the other site has nodes of other names",
                "use a node label that both sites have, or preferred instead of required affinity",
            )


def host_devices(vms: Iterable[Object]) -> Iterator[Finding]:
    for vm in vms:
        found = devices(vm)
        names = sorted(item["deviceName"] for part in ("hostDevices", "gpus") for item in found.get(part) or ())
        if names:
            yield Finding(
                "info",
                "HostDevice",
                title(vm),
                f"it needs {some(names)} of its node",
                "make sure that the other site has nodes with it, enough for all VMs that need it",
            )


def _required(vm: Object) -> Iterator[str]:
    """Labels that a node must have to run it."""
    spec = template(vm)
    yield from spec.get("nodeSelector") or ()
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        yield from (item["key"] for item in term.get("matchExpressions") or ())
