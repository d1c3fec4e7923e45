# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocklist of a Ceph cluster: addresses whose clients its OSDs refuse."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from typing import Any

from .cluster import Cluster

# Entries expire by themselves and the fence must not: removing it is a decision.
YEARS = 10 * 365 * 24 * 3600.0


def blocked(cluster: Cluster) -> set[str]:
    """Networks that the cluster refuses as a whole, read from it now."""
    (output,) = cluster.ask("mon", [{"prefix": "osd blocklist ls", "format": "json"}])
    return {network for entry in _entries(output) if (network := _network(entry))}


def block(cluster: Cluster, networks: Iterable[str]) -> bool:
    return _change(cluster, "add", sorted(set(networks) - blocked(cluster)))


def unblock(cluster: Cluster, networks: Iterable[str]) -> bool:
    return _change(cluster, "rm", sorted(set(networks) & blocked(cluster)))


def _change(cluster: Cluster, verb: str, networks: list[str]) -> bool:
    cluster.order("mon", [_command(verb, network) for network in networks])
    return bool(networks)


def _command(verb: str, text: str) -> dict[str, Any]:
    network = ipaddress.ip_network(text)
    command: dict[str, Any] = {"prefix": "osd blocklist", "blocklistop": verb}
    if network.num_addresses == 1:
        command["addr"] = str(network.network_address)
    else:
        command.update(range="range", addr=text)
    return {**command, "expire": YEARS} if verb == "add" else command


def _entries(output: str) -> list[dict[str, str]]:
    """The monitors answer with two JSON lists, one behind the other: of addresses, and of ranges."""
    decoder, found, rest = json.JSONDecoder(), [], output.strip()
    while rest:
        entries, end = decoder.raw_decode(rest)
        found += entries
        rest = rest[end:].lstrip()
    return found


def _network(entry: dict[str, str]) -> str | None:
    """An entry as a network; None for the one connection of a client, which has a port or a nonce."""
    if "range" in entry:
        address, _colon, rest = entry["range"].rpartition(":")
        _port, _slash, length = rest.partition("/")
        return str(ipaddress.ip_network(f"{address.strip('[]')}/{length}", strict=False))
    address, _colon, rest = entry["addr"].rpartition(":")
    return str(ipaddress.ip_network(address.strip("[]"))) if rest == "0/0" else None
