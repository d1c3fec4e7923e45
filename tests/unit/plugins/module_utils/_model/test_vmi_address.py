# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address of a VM a probe asks: one of the interfaces that its spec has, and of no bridge inside its guest."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vmi_state import vmi_state

DOCKER = {"interfaceName": "docker0", "ipAddress": "172.17.0.1", "infoSource": "guest-agent"}


def address(*interfaces: dict[str, Any], network: str | None = None) -> str | None:
    return vmi_state({"metadata": {}, "status": {"interfaces": list(interfaces)}}).address(network)


def test_a_bridge_inside_the_guest_is_no_address_of_the_vm() -> None:
    """172.17.0.1 is the controller's own docker0 as well: whatever answers there is not the VM."""
    assert address({"name": "default", "interfaceName": "eth0"}, DOCKER) is None


@pytest.mark.parametrize(("network", "found"), [(None, "10.0.2.2"), ("lan", "192.0.2.7"), ("other", None)])
def test_of_the_interfaces_of_the_spec_the_first_or_the_named_one_is_asked(network, found) -> None:
    lan = {"name": "lan", "ipAddress": "192.0.2.7/24"}
    assert address({"name": "default", "ipAddress": "10.0.2.2"}, DOCKER, lan, network=network) == found
