"""The lab's network inside the holder: two bridges in the hub, and a namespace per site with a link to each.

Everything is written as `ip -batch` lines. Neighbours are permanent entries, so that packets to a site whose links
are down vanish and connections time out, as with a dead data centre, in place of a quick "no route to host".
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from ocpvirt_lab.layout import HUB_DATA, HUB_MGMT, PREFIX_LENGTH, SITES, SiteLayout

BRIDGES = {"mgmt": HUB_MGMT, "data": HUB_DATA}


def port(network: str, site: str) -> str:
    """The hub's end of a site's link to a bridge."""
    return f"{network}-{site}"


def _mac(address: str) -> str:
    return "02:00:" + ":".join(f"{int(part):02x}" for part in address.split("."))


def create() -> list[str]:
    """Lines for the hub; `site_lines` follow in each site's namespace."""
    lines = ["link set lo up"]
    for name, address in BRIDGES.items():
        lines += [
            f"link add {name} address {_mac(address)} type bridge",
            f"addr add {address}/{PREFIX_LENGTH} dev {name}",
            f"link set {name} up",
        ]
    for site in SITES.values():
        for network in BRIDGES:
            near, far = port(network, site.name), network
            mac = _mac(_primary(site, network))
            lines += [
                f"link add {near} type veth peer name {far} address {mac} netns {site.name}",
                f"link set {near} master {network} up",
            ]
            lines += [
                f"neigh replace {ip} lladdr {mac} dev {network} nud permanent" for ip in _addresses(site, network)
            ]
        # sites meet on the data network only
        lines.append(f"link set {port('mgmt', site.name)} type bridge_slave isolated on")
    return lines


def site_lines(name: str) -> list[str]:
    site = SITES[name]
    lines = ["link set lo up"]
    for network, hub in BRIDGES.items():
        lines += [f"addr add {ip}/{PREFIX_LENGTH} dev {network}" for ip in _addresses(site, network)]
        lines += [f"link set {network} up", f"neigh replace {hub} lladdr {_mac(hub)} dev {network} nud permanent"]
    for other in SITES.values():
        if other != site:
            mac = _mac(_primary(other, "data"))
            lines += [f"neigh replace {ip} lladdr {mac} dev data nud permanent" for ip in _addresses(other, "data")]
    return lines


def _addresses(site: SiteLayout, network: str) -> list[str]:
    return [site.mgmt] if network == "mgmt" else [site.data, site.nfs, site.ceph]


def _primary(site: SiteLayout, network: str) -> str:
    return _addresses(site, network)[0]


def links(site: str, *, mgmt: bool, data: bool) -> list[str]:
    wanted = {"mgmt": mgmt, "data": data}
    return [f"link set {port(network, site)} {'up' if up else 'down'}" for network, up in wanted.items()]


def split(apart: bool) -> list[str]:
    """Whether the sites reach each other; the hub is reached either way."""
    return [f"link set {port('data', site)} type bridge_slave isolated {'on' if apart else 'off'}" for site in SITES]


@dataclass(frozen=True)
class SiteLinks:
    mgmt: bool
    data: bool
    split: bool


def read(links_json: str) -> dict[str, SiteLinks]:
    """From `ip -json -details link show` in the hub."""
    by_name = {link["ifname"]: link for link in json.loads(links_json) if link}

    def up(name: str) -> bool:
        return "UP" in by_name[name]["flags"]

    return {
        site: SiteLinks(
            mgmt=up(port("mgmt", site)),
            data=up(port("data", site)),
            split=bool(by_name[port("data", site)]["linkinfo"]["info_slave_data"]["isolated"]),
        )
        for site in SITES
    }
