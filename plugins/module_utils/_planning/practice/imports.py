# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that CDI imports from a registry through a pod. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..._model.finding import Finding
from ..vm.parts import Object, key_of


def registry_imports(
    vms: Iterable[Object], data_volumes: Iterable[Object], claims: Collection[str]
) -> Iterator[Finding]:
    """claims: keys of the protected ones. A template and the DataVolume that it made are one."""
    found: dict[str, Object] = {}
    for vm in vms:
        for item in vm["spec"].get("dataVolumeTemplates") or ():
            found[f"{vm['metadata']['namespace']}/{item['metadata']['name']}"] = item["spec"]
    for item in data_volumes:
        if key_of(item) in claims:
            found.setdefault(key_of(item), item["spec"])
    for key, spec in sorted(found.items()):
        registry = (spec.get("source") or {}).get("registry")
        if registry is not None and registry.get("pullMethod") != "node":
            yield Finding(
                "warning",
                "RegistryImport",
                f"DataVolume/{key}",
                f"imported from a registry with pullMethod {registry.get('pullMethod', 'pod')}: that needs a scratch "
                "claim and a pull secret in the namespace, and no capture holds either",
                "set source.registry.pullMethod to node: the node pulls, with the cluster's own pull secret",
            )
