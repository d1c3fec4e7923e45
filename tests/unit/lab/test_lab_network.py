from __future__ import annotations

import json

from ocpvirt_lab import network
from ocpvirt_lab.layout import SITES


def _link(name, up=True, isolated=False):
    return {
        "ifname": name,
        "flags": ["BROADCAST"] + (["UP"] if up else []),
        "linkinfo": {"info_slave_data": {"isolated": isolated}},
    }


def test_links_are_read_per_site():
    links = [_link("mgmt-east"), _link("data-east", up=False), _link("mgmt-west"), _link("data-west", isolated=True)]
    read = network.read(json.dumps([{}, *links]))
    assert read["east"] == network.SiteLinks(mgmt=True, data=False, split=False)
    assert read["west"] == network.SiteLinks(mgmt=True, data=True, split=True)


def test_sites_never_meet_on_the_operators_network():
    for site in SITES:
        assert f"link set mgmt-{site} type bridge_slave isolated on" in network.create()


def test_no_address_is_given_twice():
    addresses = [
        line.split()[2]
        for lines in (network.create(), *map(network.site_lines, SITES))
        for line in lines
        if line.startswith("addr add")
    ]
    assert len(set(addresses)) == len(addresses) == 10
