# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings over networks, MAC addresses and static addresses."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.addresses import (
    sets_address,
    static_addresses,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.macs import duplicate_macs
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.networks import (
    absent_networks,
    networks_of_target,
    wanted_networks,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.vm.networks import NetworkNames
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import (
    LABEL,
    Object,
    only,
    template,
    told,
    vm,
)

ON_VM = "VirtualMachine/payroll/db-0"
AS_THEY_ARE = NetworkNames((), "east", "west")
MAPPED = NetworkNames(({"east": "vlan-100", "west": "vlan-2100"},), "east", "west")


def network(name: str, protected: bool = False) -> Object:
    namespace, _slash, own = name.partition("/")
    return {"metadata": {"name": own, "namespace": namespace, "labels": {LABEL: "true"} if protected else None}}


def absent(names: NetworkNames, at_source: list[Object], at_target: list[str], *vms: Object) -> list[Any]:
    here = {f"{item['metadata']['namespace']}/{item['metadata']['name']}": item for item in at_source}
    return list(absent_networks(wanted_networks(vms or [vm()], names), here, at_target, LABEL, "west"))


@pytest.mark.parametrize(
    ("names", "at_source", "at_target", "missing"),
    [
        (AS_THEY_ARE, [network("payroll/vlan-100")], [], "payroll/vlan-100"),
        (AS_THEY_ARE, [network("payroll/vlan-100")], ["payroll/vlan-100"], ""),
        # it is captured with the VMs and comes back with them
        (AS_THEY_ARE, [network("payroll/vlan-100", protected=True)], [], ""),
        (MAPPED, [network("payroll/vlan-100", protected=True)], ["payroll/vlan-100"], "payroll/vlan-2100"),
        (MAPPED, [network("payroll/vlan-100")], ["payroll/vlan-2100"], ""),
    ],
)
def test_a_network_that_the_target_lacks_blocks(
    names: NetworkNames, at_source: list[Object], at_target: list[str], missing: str
) -> None:
    findings = absent(names, at_source, at_target)
    wanted = [f"blocker NetworkAbsent NetworkAttachmentDefinition/{missing}"] if missing else []
    assert told(findings) == wanted
    assert all(finding.site == "west" and "payroll/db-0" in finding.message for finding in findings)


def test_an_absent_network_is_told_once_for_all_its_vms() -> None:
    finding = only(absent(AS_THEY_ARE, [], [], *(vm(f"db-{number}") for number in range(5))))
    assert "payroll/db-0, payroll/db-1, payroll/db-2 and 2 more would be attached" in finding.message


def test_a_name_that_the_way_back_would_change_blocks() -> None:
    odd = vm()
    template(odd)["networks"][1]["multus"]["networkName"] = "payroll/vlan-2100"
    finding = only(networks_of_target([odd, vm("db-1")], MAPPED))
    assert told([finding]) == ["blocker NetworkAmbiguous NetworkAttachmentDefinition/payroll/vlan-2100"]


def stranger(mac: str, attached: str = "", name: str = "their-vm") -> Object:
    item = vm(name)
    item["metadata"]["namespace"] = "theirs"
    template(item)["networks"] = [{"name": "lan", "multus": {"networkName": attached}} if attached else {"name": "lan"}]
    template(item)["domain"]["devices"]["interfaces"] = [{"name": "lan", "bridge": {}, "macAddress": mac}]
    return item


@pytest.mark.parametrize(
    ("mac", "attached", "severity"),
    [
        # as another tool writes it
        ("02-7A-9F-00-00-1C", "payroll/vlan-2100", "blocker"),
        ("02:7a:9f:00:00:1c", "vlan-2100", "warning"),
        ("02:7a:9f:00:00:1c", "payroll/vlan-100", "warning"),
        ("02:7a:9f:00:00:1c", "", "warning"),
        ("02:7a:9f:00:00:1d", "payroll/vlan-2100", ""),
    ],
)
def test_a_mac_address_that_the_target_has_already_is_judged_by_the_network(
    mac: str, attached: str, severity: str
) -> None:
    findings = list(duplicate_macs([vm()], [stranger(mac, attached)], MAPPED))
    assert told(findings) == ([f"{severity} MacDuplicate {ON_VM}"] if severity else [])
    assert all("theirs/their-vm at west" in finding.message and finding.site == "west" for finding in findings)


def test_on_the_network_of_the_pods_every_vm_is_alone() -> None:
    """A MAC address pool would refuse the second one nevertheless."""
    alone = vm()
    template(alone)["networks"] = [{"name": "lan", "pod": {}}]
    findings = duplicate_macs([alone], [stranger("02:7a:9f:00:00:1c")], MAPPED)
    assert told(findings) == [f"warning MacDuplicate {ON_VM}"]


def test_two_vms_of_the_plan_with_one_mac_address_are_found_once() -> None:
    finding = only(duplicate_macs([vm(), vm("db-1")], [], MAPPED))
    assert told([finding]) == [f"warning MacDuplicate {ON_VM}"]
    assert "2 interfaces of the plan: payroll/db-0, payroll/db-1, all in network payroll/vlan-2100" in finding.message


def test_interfaces_without_an_address_of_their_own_are_no_duplicates() -> None:
    vms = [vm(), vm("db-1")]
    for item in vms:
        template(item)["domain"]["devices"]["interfaces"][1].pop("macAddress")
    assert told(duplicate_macs(vms, [], MAPPED)) == []


@pytest.mark.parametrize(
    "text",
    [
        "version: 2\nethernets:\n  eth0:\n    addresses: [192.0.2.17/24]\n",
        "version: 2\nethernets:\n  eth0:\n    addresses:\n      - 2001:db8::17/64\n",
        "version: 2\nethernets:\n  eth0:\n    addresses: [192.0.2.17/32]\n",
        "version: 1\nconfig:\n- type: physical\n  subnets:\n  - type: static\n    address: 192.0.2.17\n",
        "version: 1\nconfig:\n  - subnets:\n    - {type: dhcp4}\n    - type: 'static6'\n",
        "#cloud-config\nruncmd:\n- nmcli con mod eth1 ipv4.addresses 192.0.2.17/24 ipv4.method manual\n",
        "#cloud-config\nbootcmd: [ip addr add 192.0.2.17/24 dev eth1]\n",
        "#cloud-config\nwrite_files:\n- content: |\n    BOOTPROTO=none\n    IPADDR=192.0.2.17\n    PREFIX=24\n",
        '<UnicastIpAddresses><IpAddress wcm:action="add">192.0.2.17/24</IpAddress></UnicastIpAddresses>',
        '{"version": 1, "config": [{"subnets": [{"type": "static", "address": "192.0.2.17"}]}]}',
        "version: 1\nconfig: [{subnets: [{address: 192.0.2.17, type: static}]}]\n",
    ],
)
def test_an_address_that_a_guest_is_given_is_recognised(text: str) -> None:
    assert sets_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: 2\nethernets:\n  eth0:\n    dhcp4: true\n    nameservers: {addresses: [192.0.2.53, 192.0.2.54]}\n",
        "version: 2\nethernets:\n  eth0:\n    dhcp4: true\n    routes: [{to: 198.51.100.0/24, via: 192.0.2.1}]\n",
        "version: 2\nethernets:\n  eth0:\n    dhcp6: true\n    routes: [{to: '::/0'}, {to: 0.0.0.0/0}]\n",
        "#cloud-config\nchpasswd: {expire: false}\npassword: a/24\nssh_authorized_keys: ['ssh-rsa AAAA/12:3/4=']\n",
        "version: 1\nconfig:\n- type: physical\n  subnets: [{type: dhcp}]\n- type: nameserver\n  address: 192.0.2.53\n",
        "build 1.2.3.400/24 of 26/11",
    ],
)
def test_what_gives_no_host_an_address_is_none(text: str) -> None:
    assert not sets_address(text)


STATIC = "version: 2\nethernets:\n  eth0:\n    addresses: [192.0.2.17/24]\n    gateway4: 192.0.2.1\n"
ENCODED = base64.b64encode(STATIC.encode()).decode()


def initialised(volume: Any) -> Object:
    item = vm()
    template(item)["volumes"][1] = {"name": "cloudinitdisk", **volume}
    return item


SECRETS = {"payroll/net": {"data": {"networkdata": ENCODED}}, "payroll/plain": {"data": {"userdata": "I2Nsb3Vk"}}}
CONFIG_MAPS = {"payroll/answers": {"data": {"unattend.xml": STATIC}}}


@pytest.mark.parametrize(
    ("volume", "where"),
    [
        ({"cloudInitNoCloud": {"networkData": STATIC}}, "its networkData"),
        ({"cloudInitConfigDrive": {"userDataBase64": ENCODED}}, "its userDataBase64"),
        ({"cloudInitNoCloud": {"secretRef": {"name": "net"}}}, "Secret net"),
        (
            {"cloudInitNoCloud": {"secretRef": {"name": "plain"}, "networkDataSecretRef": {"name": "net"}}},
            "Secret net",
        ),
        ({"sysprep": {"secret": {"name": "net"}}}, "Secret net"),
        ({"sysprep": {"configMap": {"name": "answers"}}}, "ConfigMap answers"),
        ({"cloudInitNoCloud": {"secretRef": {"name": "plain"}}}, ""),
        ({"cloudInitNoCloud": {"secretRef": {"name": "absent"}, "userDataBase64": "ä not base64"}}, ""),
    ],
)
@pytest.mark.parametrize(("names", "severity"), [(MAPPED, "warning"), (AS_THEY_ARE, "info")])
def test_p10_a_static_address_is_told_by_where_it_stands_and_never_shown(
    volume: Any, where: str, names: NetworkNames, severity: str
) -> None:
    findings = list(static_addresses([initialised(volume)], SECRETS, CONFIG_MAPS, names))
    assert told(findings) == ([f"{severity} StaticAddress {ON_VM}"] if where else [])
    for finding in findings:
        assert finding.message.startswith(f"{where} gives its guest a static address")
        assert "192.0.2" not in f"{finding}"
