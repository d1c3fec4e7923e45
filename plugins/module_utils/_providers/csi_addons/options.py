# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that csi-addons replicates, as they hold at one site."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..._model.plan import Group
from ..group_options import check_known, seconds_of, wrong

DEFAULT_TIMEOUT = 600.0
# IBM's means something else by csi-addons' verbs, and has a provider of its own
IBM_DRIVER = "block.csi.ibm.com"
KNOWN = {"class", "per", "group_class", "auto_resync", "fence", "timeout"}
KNOWN_OF_FENCE = {"cidrs", "class", "provisioner", "secret"}


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
    return CsiAddonsOptions(
        class_name=found["class"],
        per=per,
        group_class=found.get("group_class", ""),
        auto_resync=found.get("auto_resync", False),
        timeout=seconds_of(group, site, found, "timeout", DEFAULT_TIMEOUT),
    )


def has_fence(group: Group, survivor: str, lost: str) -> bool:
    """Whether the plan names anything of a fence."""
    return any(group.options_at(site).get("fence") for site in (survivor, lost))


def fence_options_of(group: Group, survivor: str, lost: str) -> FenceOptions:
    common = group.options.get("fence") or {}
    of_site = {site: {**common, **(group.options_at(site).get("fence") or {})} for site in (survivor, lost)}
    for site, found in of_site.items():
        if unknown := sorted(set(found) - KNOWN_OF_FENCE):
            raise wrong(group, site, f"fence.{unknown[0]}", f"only {', '.join(sorted(KNOWN_OF_FENCE))} below fence")
    cidrs, here = of_site[lost].get("cidrs") or [], of_site[survivor]
    if not isinstance(cidrs, list) or not cidrs:
        raise wrong(group, lost, "no fence.cidrs", "the addresses of the site's nodes, as 192.0.2.0/24")
    for cidr in cidrs:
        _check_cidr(group, lost, str(cidr))
    secret = here.get("secret") or {}
    if not here.get("class") and not (here.get("provisioner") and {"name", "namespace"} <= set(secret)):
        wanted = "fence.class: a NetworkFenceClass; or fence.provisioner and fence.secret: {name, namespace}"
        raise wrong(group, survivor, f"fence has {', '.join(sorted(here)) or 'nothing'}", wanted)
    return FenceOptions(tuple(map(str, cidrs)), here.get("class", ""), here.get("provisioner", ""), secret)


def _check_cidr(group: Group, site: str, cidr: str) -> None:
    try:
        ipaddress.ip_network(cidr)
    except ValueError as error:
        raise wrong(group, site, f"fence.cidrs: {error}", "networks as 192.0.2.0/24 or 192.0.2.7/32") from error
