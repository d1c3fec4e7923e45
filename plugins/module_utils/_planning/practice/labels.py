# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's label: on everything that a protected VM needs, and never on what runs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ..._model.finding import Finding, Severity
from ..vm.parts import Object, key_of, labels_of, title

# a VM starts without these; a network that is absent at the target is a finding of its own
OUTER: Mapping[str, Severity] = {
    "Service": "warning",
    "Route": "warning",
    "Ingress": "warning",
    "DataVolume": "info",
    "NetworkAttachmentDefinition": "info",
    "VirtualMachineSnapshot": "info",
    "VirtualMachineSnapshotContent": "info",
}


def unlabelled(items: Iterable[Object], label: str) -> Iterator[Finding]:
    """items: what belongs to the plan's VMs, of any kind."""
    for item in items:
        if labels_of(item).get(label) == "true":
            continue
        kind = item["kind"]
        yield Finding(
            OUTER.get(kind, "blocker"),
            "NotProtected",
            f"{kind}/{key_of(item)}",
            f"it lacks the label {label}, so no capture holds it",
            f"run protect; if it is still missing then, label it: {label}=true",
        )


def labelled_at_runtime(vms: Iterable[Object], running: Iterable[Object], label: str) -> Iterator[Finding]:
    """running: VMIs and pods of the plan's namespaces. A capture of them would start things at the other site."""
    for vm in vms:
        if label in ((vm["spec"]["template"].get("metadata") or {}).get("labels") or {}):
            yield Finding(
                "warning",
                "RuntimeLabelled",
                title(vm),
                f"spec.template.metadata has the label {label}, which every VMI and pod of it gets",
                "remove it there; the VM itself keeps it",
            )
    for item in running:
        if labels_of(item).get(label) is not None:
            yield Finding(
                "warning",
                "RuntimeLabelled",
                f"{item['kind']}/{key_of(item)}",
                f"it has the label {label}, and what runs is never part of a capture",
                "remove the label from it, and from what makes it",
            )


def routes_to(services: Collection[str], routes: Iterable[Object]) -> Iterator[Object]:
    """Routes and Ingresses that lead to these Services. services: keys."""
    for item in routes:
        namespace = item["metadata"]["namespace"]
        if any(f"{namespace}/{name}" in services for name in _backends(item)):
            yield item


def _backends(item: Object) -> Iterator[str]:
    spec = item["spec"]
    if item["kind"] == "Route":
        for target in (spec.get("to") or {}, *(spec.get("alternateBackends") or ())):
            yield str(target.get("name"))
        return
    paths = [path for rule in spec.get("rules") or () for path in (rule.get("http") or {}).get("paths") or ()]
    for backend in (spec.get("defaultBackend") or {}, *(path.get("backend") or {} for path in paths)):
        yield str((backend.get("service") or {}).get("name"))
