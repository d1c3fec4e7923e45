# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to a VM besides what its own volumes name: state, revisions, imports, networks, snapshots, routes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Object = Mapping[str, Any]

# KubeVirt keeps a persistent TPM and EFI variables on a claim with this label; older versions on one of this name
STATE_OF = "persistent-state-for"
MATCHERS = {"instancetype": "instancetypeRef", "preference": "preferenceRef"}


def keeps_state(vm: Object) -> list[str]:
    """What of a VM KubeVirt keeps on a claim of its own."""
    domain = vm["spec"]["template"]["spec"].get("domain") or {}
    tpm = (domain.get("devices") or {}).get("tpm") or {}
    efi = ((domain.get("firmware") or {}).get("bootloader") or {}).get("efi") or {}
    return [name for name, part in (("TPM", tpm), ("EFI", efi)) if part.get("persistent")]


def state_claims(claims: Mapping[str, Object]) -> dict[str, list[str]]:
    """namespace/name of a VM to the keys of the claims that hold its state. claims: by namespace/name."""
    labelled: dict[str, list[str]] = {}
    legacy: dict[str, list[str]] = {}
    for key, pvc in sorted(claims.items()):
        namespace, _slash, name = key.partition("/")
        owner = (pvc["metadata"].get("labels") or {}).get(STATE_OF)
        if owner and "deletionTimestamp" not in pvc["metadata"]:
            labelled.setdefault(f"{namespace}/{owner}", []).append(key)
        elif not owner and name.startswith(f"{STATE_OF}-"):
            legacy[f"{namespace}/{name.removeprefix(f'{STATE_OF}-')}"] = [key]
    return {**legacy, **labelled}


def revisions(vm: Object) -> dict[str, str]:
    """Field of the VM (instancetype, preference) to the ControllerRevision that holds the spec it was made with.

    Named by the VM's owner, or else, since KubeVirt 1.5, in the status alone.
    """
    found = {}
    for field, reference in MATCHERS.items():
        matcher = vm["spec"].get(field) or {}
        seen = (vm.get("status") or {}).get(reference) or {}
        stored = (seen.get("controllerRevisionRef") or {}).get("name")
        if matcher.get("revisionName"):
            found[field] = str(matcher["revisionName"])
        elif matcher and stored and seen.get("name") in (None, matcher.get("name")):
            found[field] = str(stored)
    return found


def with_revisions(vm: Object) -> dict[str, Any]:
    """The VM's spec, with the revisions named in it: a status does not survive the way to another cluster."""
    spec = dict(vm["spec"])
    for field, name in revisions(vm).items():
        spec[field] = {**spec[field], "revisionName": name}
    return spec


def data_volumes(vm: Object) -> list[str]:
    """Names of the DataVolumes that fill the VM's claims."""
    volumes = vm["spec"]["template"]["spec"].get("volumes") or []
    return [volume["dataVolume"]["name"] for volume in volumes if "dataVolume" in volume]


def networks(vm: Object) -> list[str]:
    """NetworkAttachmentDefinitions of the VM's own namespace. Those of others belong to the cluster."""
    namespace = vm["metadata"]["namespace"]
    named = [
        str(item["multus"]["networkName"])
        for item in vm["spec"]["template"]["spec"].get("networks") or []
        if "multus" in item
    ]
    split = [name.rpartition("/") for name in named]
    return [name for space, _slash, name in split if space in ("", namespace)]


def is_snapshot_of(snapshot: Object, names: Collection[str]) -> bool:
    """Whether a VirtualMachineSnapshot was taken of one of these VMs of its namespace."""
    source = snapshot["spec"].get("source") or {}
    return source.get("kind") == "VirtualMachine" and source.get("name") in names


def leads_to(route: Object, services: Collection[str]) -> bool:
    """Whether a Route sends to one of these Services of its namespace."""
    backends = [route["spec"].get("to") or {}, *(route["spec"].get("alternateBackends") or [])]
    return any(item.get("kind", "Service") == "Service" and item.get("name") in services for item in backends)
