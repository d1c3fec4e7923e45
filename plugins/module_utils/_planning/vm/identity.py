# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest knows its machine by: the firmware's UUID and serial number, MAC addresses. Pure."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]

# KubeVirt's: a VM without a UUID runs with the one that follows from its name
_BY_NAME = uuid.UUID("6a1a24a1-4061-4607-8bf4-a3963d0c5895")


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


def without_addresses(vm: Mapping[str, Any]) -> Object:
    """The VM without MAC addresses of its own: KubeVirt chooses others, for a VM beside the first."""
    other = copy.deepcopy(dict(vm))
    domain = other["spec"]["template"]["spec"].get("domain") or {}
    for interface in (domain.get("devices") or {}).get("interfaces") or []:
        interface.pop("macAddress", None)
    return other


def _firmware(vm: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (vm["spec"]["template"]["spec"].get("domain") or {}).get("firmware") or {}
    return found
