# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAC addresses that two VMs would have in one network. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..._model.finding import Finding
from ..._model.plan_network_fields import in_namespace
from ..vm.networks import NetworkNames, attached_to
from ..vm.parts import Object, devices, key_of, some, title


@dataclass(frozen=True)
class _Port:
    """network: with its namespace, at the target; empty for the pods' own network, where every VM is alone."""

    vm: str
    network: str


def duplicate_macs(vms: Iterable[Object], others: Iterable[Object], names: NetworkNames) -> Iterator[Finding]:
    """vms: of the plan. others: all other VMs of the target."""
    own: dict[str, list[_Port]] = {}
    foreign: dict[str, list[_Port]] = {}
    titles = {}
    for vm in vms:
        titles[key_of(vm)] = title(vm)
        for mac, port in _ports(vm, names):
            own.setdefault(mac, []).append(port)
    for vm in others:
        for mac, port in _ports(vm, None):
            if mac in own:
                foreign.setdefault(mac, []).append(port)
    for mac, ports in sorted(own.items()):
        inside = sorted({port.vm for port in ports})
        if len(ports) > 1:
            yield Finding(
                "warning",
                "MacDuplicate",
                titles[inside[0]],
                f"MAC address {mac} is on {len(ports)} interfaces of the plan: {some(inside)}{_where(ports)}",
                "give each interface an address of its own",
            )
        for port in foreign.get(mac, ()):
            same = [mine for mine in ports if mine.network and mine.network == port.network]
            yield Finding(
                "blocker" if same else "warning",
                "MacDuplicate",
                titles[ports[0].vm],
                f"MAC address {mac} is that of VirtualMachine {port.vm} at {names.target} too"
                + (_where(same) if same else ", in another network; a MAC address pool there would refuse it"),
                "change one of them, while both can be stopped in peace",
                names.target,
            )


def _ports(vm: Object, names: NetworkNames | None) -> Iterator[tuple[str, _Port]]:
    """MAC address and port of each interface that has an address of its own. names: none for a VM that stays."""
    namespace, networks = vm["metadata"]["namespace"], attached_to(vm)
    for interface in devices(vm).get("interfaces") or ():
        mac = interface.get("macAddress")
        if mac:
            name = networks.get(interface["name"], "")
            if name and names is not None:
                name = names.at_target(name, namespace)
            yield _plain(mac), _Port(key_of(vm), in_namespace(name, namespace) if name else "")


def _plain(mac: str) -> str:
    return mac.lower().replace("-", ":")


def _where(ports: list[_Port]) -> str:
    shared = {port.network for port in ports}
    network = next(iter(shared))
    return f", all in network {network}" if len(shared) == 1 and network else ""
