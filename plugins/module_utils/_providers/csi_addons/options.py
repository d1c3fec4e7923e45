# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that csi-addons replicates, as they hold at one site."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from ..._model.plan import Group
from ..group_options import check_known, seconds_of, wrong

DEFAULT_TIMEOUT = 600.0
# IBM's means something else by csi-addons' verbs, and has a provider of its own
IBM_DRIVER = "block.csi.ibm.com"
KNOWN = {"class", "per", "group_class", "auto_resync", "fence", "timeout"}
# below `fence`: of which type, in words
KNOWN_OF_FENCE: dict[str, tuple[type[Any], str]] = {
    "cidrs": (list, "a list of networks, as [192.0.2.0/24]"),
    "class": (str, "the name of a NetworkFenceClass"),
    "provisioner": (str, "the name of the driver"),
    "secret": (dict, "{name, namespace}"),
}


@dataclass(frozen=True)
class CsiAddonsOptions:
    """class_name: VolumeReplicationClass; group_class: VolumeGroupReplicationClass; timeout: seconds of a wait."""

    class_name: str
    per: Literal["volume", "group"]
    group_class: str
    auto_resync: bool
    timeout: float


@dataclass(frozen=True)
class FenceOptions:
    """cidrs: of the lost site. class_name: NetworkFenceClass of the survivor, or provisioner and secret."""

    cidrs: tuple[str, ...]
    class_name: str
    provisioner: str
    secret: Mapping[str, str]


def options_of(group: Group, site: str) -> CsiAddonsOptions:
    found = group.options_at(site)
    check_known(group, site, found, KNOWN)
    per = found.get("per", "volume")
    if per not in ("volume", "group"):
        raise wrong(group, site, f"per: {per}", "per: volume, or per: group")
    for name in ("class", *(["group_class"] if per == "group" else [])):
        if not isinstance(found.get(name), str) or not found[name]:
            kind = "VolumeReplicationClass" if name == "class" else "VolumeGroupReplicationClass"
            raise wrong(group, site, f"no {name}", f"{name}: the name of a {kind} of the site")
    if not isinstance(found.get("auto_resync", False), bool):
        raise wrong(group, site, f"auto_resync: {found['auto_resync']}", "true or false")
    # a failover is the wrong moment to learn of it
    _fence_at(group, site)
    return CsiAddonsOptions(
        class_name=found["class"],
        per=per,
        group_class=found.get("group_class", ""),
        auto_resync=found.get("auto_resync", False),
        timeout=seconds_of(group, site, found, "timeout", DEFAULT_TIMEOUT),
    )


def has_fence(group: Group, survivor: str, lost: str) -> bool:
    """Whether the plan names anything of a fence."""
    return any(_fence_at(group, site) for site in (survivor, lost))


def fence_options_of(group: Group, survivor: str, lost: str) -> FenceOptions:
    cidrs, here = _fence_at(group, lost).get("cidrs"), _fence_at(group, survivor)
    if not cidrs:
        raise wrong(group, lost, "no fence.cidrs", "the addresses of the site's nodes, as 192.0.2.0/24")
    secret = here.get("secret") or {}
    if not here.get("class") and not (here.get("provisioner") and {"name", "namespace"} <= set(secret)):
        wanted = "fence.class: a NetworkFenceClass; or fence.provisioner and fence.secret: {name, namespace}"
        raise wrong(group, survivor, f"fence has {', '.join(sorted(here)) or 'nothing'}", wanted)
    return FenceOptions(tuple(map(str, cidrs)), here.get("class") or "", here.get("provisioner") or "", secret)


def _fence_at(group: Group, site: str) -> dict[str, Any]:
    """What the plan says of a site's fence, by its form alone: of what is needed each site has a part."""
    found: dict[str, Any] = {}
    for given in (group.options, group.options.get("sites", {}).get(site, {})):
        part = given.get("fence") or {}
        if not isinstance(part, Mapping):
            shown = ", ".join(map(str, part)) if isinstance(part, list) else part
            raise wrong(group, site, f"fence: {shown}", "options below fence, as {cidrs: [192.0.2.0/24]}")
        found |= part
    if unknown := sorted(set(found) - KNOWN_OF_FENCE.keys()):
        raise wrong(group, site, f"fence.{unknown[0]}", f"only {', '.join(sorted(KNOWN_OF_FENCE))} below fence")
    for name, (kind, words) in KNOWN_OF_FENCE.items():
        if not isinstance(found.get(name) or kind(), kind):
            # in the place of a secret's name somebody may have written the secret
            seen = "is no mapping" if kind is dict else f"{found[name]}"
            raise wrong(group, site, f"fence.{name}: {seen}", f"fence.{name}: {words}")
    for cidr in found.get("cidrs") or []:
        if why := _why_no_network(str(cidr)):
            raise wrong(group, site, f"fence.cidrs: {why}", "networks as 192.0.2.0/24 or 192.0.2.7/32")
    return found


# each group has them, and each look reads them
@cache
def _why_no_network(cidr: str) -> str:
    try:
        ipaddress.ip_network(cidr)
    except ValueError as error:
        return str(error)
    return ""
