# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Static addresses that a VM's guest is given at its first start. Told, never changed, and never shown. Pure."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..._model.finding import Finding
from ..vm.networks import NetworkNames, attached_to
from ..vm.parts import Object, some, title, volumes

CLOUD_INIT = ("cloudInitNoCloud", "cloudInitConfigDrive")
# netplan, nmcli, ip and Windows' answer files write an address with its prefix
_WITH_PREFIX = re.compile(
    r"(?<![\w.:])([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:]+)/([0-9]{1,3})(?![\w.])"
)
# cloud-init's version 1 and ifcfg files may do without it
_BY_KEY = re.compile(r"""(?im)(?:^|[{\[,])\s*-?\s*["']?(?:type["']?\s*:\s*["']?static6?\b|ipaddr\d*\s*=\s*["']?\d)""")


def static_addresses(
    vms: Iterable[Object], secrets: Mapping[str, Object], config_maps: Mapping[str, Object], names: NetworkNames
) -> Iterator[Finding]:
    """secrets, config_maps: by namespace/name. A VM whose networks have other names at the target needs a look."""
    for vm in vms:
        where = [place for place, text in _texts(vm, secrets, config_maps) if sets_address(text)]
        if not where:
            continue
        namespace = vm["metadata"]["namespace"]
        moved = any(names.at_target(name, namespace) != name for name in attached_to(vm).values())
        yield Finding(
            "warning" if moved else "info",
            "StaticAddress",
            title(vm),
            f"{some(where)} gives its guest a static address"
            + (f", and its network is another at {names.target}" if moved else ""),
            "make sure that the address is valid at both sites, or use DHCP; cloud-init is never changed by us",
        )


def sets_address(text: str) -> bool:
    """Whether a configuration gives a host an address. A network or a default route is none."""
    return bool(_BY_KEY.search(text)) or any(_is_host(*found.groups()) for found in _WITH_PREFIX.finditer(text))


def _is_host(address: str, prefix: str) -> bool:
    try:
        found = ipaddress.ip_interface(f"{address}/{prefix}")
    except ValueError:
        return False
    return found.ip != found.network.network_address or found.network.num_addresses == 1


def _texts(vm: Object, secrets: Mapping[str, Object], config_maps: Mapping[str, Object]) -> Iterator[tuple[str, str]]:
    """Where a text stands, in words, and the text."""
    namespace = vm["metadata"]["namespace"]
    for volume in volumes(vm):
        for source in CLOUD_INIT:
            found = volume.get(source) or {}
            for key in ("userData", "networkData"):
                yield f"its {key}", str(found.get(key, ""))
                yield f"its {key}Base64", _decoded(found.get(f"{key}Base64", ""))
            for key in ("secretRef", "networkDataSecretRef"):
                yield from _of_secret(secrets, namespace, found.get(key))
        sysprep = volume.get("sysprep") or {}
        yield from _of_secret(secrets, namespace, sysprep.get("secret"))
        name = (sysprep.get("configMap") or {}).get("name")
        for text in ((config_maps.get(f"{namespace}/{name}") or {}).get("data") or {}).values():
            yield f"ConfigMap {name}", str(text)


def _of_secret(secrets: Mapping[str, Object], namespace: str, reference: Any) -> Iterator[tuple[str, str]]:
    name = (reference or {}).get("name")
    for content in ((secrets.get(f"{namespace}/{name}") or {}).get("data") or {}).values():
        yield f"Secret {name}", _decoded(content)


def _decoded(content: str) -> str:
    try:
        return base64.b64decode(content).decode(errors="replace")
    except ValueError:
        # a person's own mistake in the VM: cloud-init sees no address either
        return ""
