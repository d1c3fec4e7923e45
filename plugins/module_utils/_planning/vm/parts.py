# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a VM's manifest, empty where they are absent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]


def key_of(item: Object) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


def title(vm: Object) -> str:
    return f"VirtualMachine/{key_of(vm)}"


def labels_of(item: Object) -> Mapping[str, str]:
    return item["metadata"].get("labels") or {}


def annotations_of(item: Object) -> Mapping[str, str]:
    return item["metadata"].get("annotations") or {}


def template(vm: Object) -> Object:
    """The spec of its VMIs."""
    found: Object = vm["spec"]["template"]["spec"]
    return found


def volumes(vm: Object) -> Sequence[Object]:
    return template(vm).get("volumes") or ()


def domain(vm: Object) -> Object:
    return template(vm).get("domain") or {}


def devices(vm: Object) -> Object:
    return domain(vm).get("devices") or {}


def disks(vm: Object) -> Mapping[str, Object]:
    """Name of a volume to how the guest sees it."""
    return {disk["name"]: disk for disk in devices(vm).get("disks") or ()}


def claim_of(volume: Object) -> str:
    """The name of the claim that a volume of a VM is, empty when it is none."""
    if "dataVolume" in volume:
        return str(volume["dataVolume"]["name"])
    return str((volume.get("persistentVolumeClaim") or {}).get("claimName", ""))


def some(names: Sequence[str], limit: int = 3) -> str:
    """Names for a message: the first ones, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
