# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest knows its machine by: the firmware's UUID and serial number, MAC addresses. Pure."""

from __future__ import annotations

import copy
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]

# KubeVirt's: a VM without a UUID runs with the one that follows from its name
_BY_NAME = uuid.UUID("6a1a24a1-4061-4607-8bf4-a3963d0c5895")
# locally administered, unicast
_OWN_MAC = "02"


def identity_kept(vm: Mapping[str, Any]) -> Object:
    """The VM with the UUID that it runs with, written out.

    A newer KubeVirt writes a random one on a VM that is created without: to the guest that is another machine.
    """
    if _firmware(vm).get("uuid"):
        return dict(vm)
    kept = copy.deepcopy(dict(vm))
    firmware = kept["spec"]["template"]["spec"].setdefault("domain", {}).setdefault("firmware", {})
    firmware["uuid"] = str(uuid.uuid5(_BY_NAME, vm["metadata"]["name"]))
    return kept


def identity_regenerated(vm: Mapping[str, Any], salt: str) -> Object:
    """The VM as another machine beside the first: for a rehearsal that the production network may see.

    salt: the same one gives the same machine again. Addresses that KubeVirt would choose by itself are left to it.
    """
    other = copy.deepcopy(dict(vm))
    key = f"{vm['metadata']['namespace']}/{vm['metadata']['name']}"
    domain = other["spec"]["template"]["spec"].setdefault("domain", {})
    firmware = domain.setdefault("firmware", {})
    firmware["uuid"] = _uuid(salt, key, "uuid")
    if "serial" in firmware:
        firmware["serial"] = _uuid(salt, key, "serial")
    for interface in (domain.get("devices") or {}).get("interfaces") or []:
        if "macAddress" in interface:
            digest = _digest(salt, key, f"interface {interface['name']}")
            interface["macAddress"] = ":".join([_OWN_MAC, *(f"{byte:02x}" for byte in digest[:5])])
    return other


def _firmware(vm: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (vm["spec"]["template"]["spec"].get("domain") or {}).get("firmware") or {}
    return found


def _uuid(*words: str) -> str:
    return str(uuid.UUID(bytes=_digest(*words)[:16], version=4))


def _digest(*words: str) -> bytes:
    return hashlib.sha256("\0".join(words).encode()).digest()
