# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the replication configured as the driver wants it? Pure: over the classes and objects of both sites.

The driver answers a wrong configuration with FailedPrecondition, which csi-addons takes for a reason to promote by
force; and a relationship that it does not find, a promotion makes anew, in its own direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..csi_addons.status import PARAMETERS
from ..custom_resource import FieldPath

HANDLE = FieldPath("spec.replicationHandle")
SECRET = "replication.storage.openshift.io/replication-secret-"
COPY_TYPES = ("sync", "async")
Mode = Literal["mirror", "policy"]


@dataclass(frozen=True)
class ClassSettings:
    """mode: `mirror` a remote copy relationship per volume, `policy` a volume group with a replication policy.

    system: of a mirror, the other storage system. wrong: why the driver would refuse the class; empty if it would not.
    """

    mode: Mode
    system: str = ""
    copy_type: str = ""
    wrong: str = ""


def settings_of(replication_class: Mapping[str, Any]) -> ClassSettings:
    found = PARAMETERS.read(replication_class) or {}
    mode: Mode = "policy" if "replication_policy" in found else "mirror"
    system, copy_type = found.get("system_id", ""), found.get("copy_type", "sync")
    wrong = ""
    if missing := [name for name in ("name", "namespace") if not found.get(f"{SECRET}{name}")]:
        wrong = f"no {SECRET}{missing[0]}"
    elif mode == "policy" and system:
        wrong = "system_id beside replication_policy"
    elif mode == "policy" and not found["replication_policy"]:
        wrong = "an empty replication_policy"
    elif mode == "mirror" and not system:
        wrong = "neither system_id nor replication_policy"
    elif copy_type not in COPY_TYPES:
        wrong = f"copy_type {copy_type}, which is neither {' nor '.join(COPY_TYPES)}"
    return ClassSettings(mode, system, copy_type if mode == "mirror" else "", wrong)


def against_classes(here: ClassSettings, there: ClassSettings, site: str, peer: str) -> str:
    """Why both sites' classes do not describe the same replication; empty when they do."""
    for at, settings in ((site, here), (peer, there)):
        if settings.wrong:
            return f"the class at {at} has {settings.wrong}"
    if here.mode != there.mode:
        return f"a {here.mode} at {site}, and a {there.mode} at {peer}"
    if here.copy_type != there.copy_type:
        return f"copy_type {here.copy_type} at {site}, and {there.copy_type} at {peer}"
    if here.system and here.system == there.system:
        return f"system_id {here.system} at both sites: each has to name the other's"
    return ""


def against_handle(mode: Mode, item: Mapping[str, Any] | None, copy: str) -> str:
    """Why an object does not name the copy that it is to be replicated with. copy: its handle, empty where unknown."""
    asked = (HANDLE.read(item) or "") if item is not None else ""
    if mode == "policy":
        return f"it has {HANDLE.path} {asked}, which the driver refuses beside replication_policy" if asked else ""
    asked = copy if item is None else asked
    if not asked:
        return f"it has no {HANDLE.path}: nothing names the copy at the other site"
    return f"{HANDLE.path} is {asked}, and the copy at the other site is {copy}" if copy and asked != copy else ""


def with_handle(body: dict[str, Any], handle: str) -> dict[str, Any]:
    """An object, or a patch of one, that names the copy of its volume."""
    return {**body, "spec": {**body["spec"], HANDLE.path.removeprefix("spec."): handle}}
