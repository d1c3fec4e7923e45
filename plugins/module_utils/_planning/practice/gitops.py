# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that a GitOps controller does not know: made by templates in VMs that it manages. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..._model.finding import Finding
from ..vm.parts import Object, annotations_of, labels_of, some, title

MANAGED_BY = {
    "argocd.argoproj.io/": "Argo CD",
    "kustomize.toolkit.fluxcd.io/": "Flux",
    "helm.toolkit.fluxcd.io/": "Flux",
    "apps.open-cluster-management.io/": "Open Cluster Management",
}


def implicit_volumes(vms: Iterable[Object]) -> Iterator[Finding]:
    """dataVolumeTemplates make claims that Git does not hold: the controller restores the VM and not its data."""
    for vm in vms:
        names = [item["metadata"]["name"] for item in vm["spec"].get("dataVolumeTemplates") or ()]
        manager = managed_by(vm)
        if names and manager:
            yield Finding(
                "warning",
                "ImplicitVolume",
                title(vm),
                f"{manager} manages it, and its dataVolumeTemplates make {some(names)}, which Git does not hold",
                "put a PersistentVolumeClaim or DataVolume of that name into Git and leave the template out of the VM",
            )


def managed_by(item: Object, but: Collection[str] = ()) -> str:
    """The GitOps product that says so on the object, empty when none does. but: labels that do not say so."""
    marks = [mark for mark in (*labels_of(item), *annotations_of(item)) if mark not in but]
    return next((name for prefix, name in MANAGED_BY.items() if any(mark.startswith(prefix) for mark in marks)), "")
