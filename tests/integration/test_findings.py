# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check finds on real objects of a VM that could not be moved as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.networks import (
    NAMES,
    attach,
    create_network,
    define_networks,
    detach,
    forget_networks,
    network_section,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import World, refused
from demo.playbook import Played
from demo.workload import NAMESPACE

# off, so that nothing of this is ever tried
ODD = "batch-0"
ON_ODD = f"VirtualMachine/{NAMESPACE}/{ODD}"
LABEL = "protected.dr.ocpvirt.io/payroll"
START = "dr.ocpvirt.io/start"
SECRET = "static-network"
ADDRESS = "192.0.2.77"
NETWORK_DATA = f"version: 2\nethernets:\n  eth0:\n    addresses: [{ADDRESS}/24]\n"


@pytest.fixture(scope="module")
def checked(protected: World) -> Iterator[Played]:
    """Everything is as it was afterwards: other tests go on from here."""
    east, west = protected.cluster("east"), protected.cluster("west")
    document = {**protected.changed_plan(), "network": network_section()}
    plan = protected.write_plan("networked", document)
    template = east.get("VirtualMachine", ODD, NAMESPACE)["spec"]["template"]
    volumes = template["spec"]["volumes"]
    define_networks(west)
    create_network(west, NAMES["west"])
    metadata = {"name": SECRET, "namespace": NAMESPACE}
    east.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"networkdata": NETWORK_DATA}}
    )
    try:
        attach(east, ODD, NAMES["east"], "vlan-300")
        change_template(east, {LABEL: "true"}, {"kubernetes.io/hostname": "node-1"}, odd_volumes(volumes))
        annotate(east, "no")
        yield protected.check(plan)
    finally:
        annotate(east, None)
        change_template(east, {LABEL: None}, None, volumes)
        detach(east, ODD)
        east.delete("Secret", SECRET, NAMESPACE)
        forget_networks(west)
    assert east.get("VirtualMachine", ODD, NAMESPACE)["spec"]["template"] == template


def odd_volumes(volumes: list[Any]) -> list[Any]:
    network = {"networkDataSecretRef": {"name": SECRET}}
    mapped = [
        {**item, "cloudInitNoCloud": {**item["cloudInitNoCloud"], **network}} if "cloudInitNoCloud" in item else item
        for item in volumes
    ]
    return [*mapped, {"name": "scratch", "ephemeral": {"persistentVolumeClaim": {"claimName": "golden"}}}]


def change_template(east: Any, labels: Any, selector: Any, volumes: list[Any]) -> None:
    """Every volume is a disk of the guest."""
    disks = [{"name": volume["name"], "disk": {"bus": "virtio"}} for volume in volumes]
    spec = {"nodeSelector": selector, "volumes": volumes, "domain": {"devices": {"disks": disks}}}
    template = {"metadata": {"labels": labels}, "spec": spec}
    east.patch("VirtualMachine", ODD, NAMESPACE, {"spec": {"template": template}})


def annotate(east: Any, start: str | None) -> None:
    east.patch("VirtualMachine", ODD, NAMESPACE, {"metadata": {"annotations": {START: start}}})


@pytest.mark.parametrize(
    ("code", "on", "seen"),
    [
        ("NotReplicated", ON_ODD, "volume scratch (ephemeral golden)"),
        ("PinnedToNode", ON_ODD, "kubernetes.io/hostname"),
        ("RuntimeLabelled", ON_ODD, "spec.template.metadata has the label"),
        ("StaticAddress", ON_ODD, f"Secret {SECRET} gives its guest a static address"),
        ("StartIgnored", ON_ODD, f"{START} is 'no', which means nothing"),
        ("NotProtected", f"Secret/{NAMESPACE}/{SECRET}", f"it lacks the label {LABEL}"),
        ("NetworkAbsent", f"NetworkAttachmentDefinition/{NAMESPACE}/vlan-300", "would be attached to it"),
    ],
)
def test_check_finds_what_keeps_a_vm_from_being_moved(checked: Played, code: str, on: str, seen: str) -> None:
    refused(checked, f'"code": "{code}"', f'"on": "{on}"', seen)


def test_a_network_that_the_plan_maps_and_the_target_has_is_no_finding(checked: Played) -> None:
    assert NAMES["west"] not in checked.output


def test_p10_check_never_shows_what_a_secret_holds(checked: Played) -> None:
    assert ADDRESS not in checked.output
