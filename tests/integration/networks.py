# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network that has another name at each site, and the kind that describes it, which the lab lacks by itself."""

from __future__ import annotations

import json
from typing import Any

from demo.cluster import Cluster, wait_until
from demo.workload import NAMESPACE

NAMES = {"east": "vlan-100", "west": "default/vlan-2100"}
MAC = "02:7a:9f:00:00:1c"
GROUP = "k8s.cni.cncf.io"
DEFINITION = f"network-attachment-definitions.{GROUP}"


def network_section() -> dict[str, Any]:
    """Of a plan."""
    return {"attachments": [dict(NAMES)]}


def attach(cluster: Cluster, vm: str, *networks: str) -> None:
    """To a VM that is off: to a running one it would be a hotplug."""
    names = [f"net{number}" for number in range(len(networks))]
    spec = {
        "domain": {
            "devices": {
                "interfaces": [
                    {"name": "default", "masquerade": {}},
                    *({"name": name, "bridge": {}, "macAddress": MAC[:-1] + str(i)} for i, name in enumerate(names)),
                ]
            }
        },
        "networks": [
            {"name": "default", "pod": {}},
            *({"name": name, "multus": {"networkName": net}} for name, net in zip(names, networks, strict=True)),
        ],
    }
    cluster.patch("VirtualMachine", vm, NAMESPACE, {"spec": {"template": {"spec": spec}}})


def detach(cluster: Cluster, vm: str) -> None:
    spec = {"domain": {"devices": {"interfaces": None}}, "networks": None}
    cluster.patch("VirtualMachine", vm, NAMESPACE, {"spec": {"template": {"spec": spec}}})


def attached_to(cluster: Cluster, vm: str) -> list[str]:
    networks = cluster.get("VirtualMachine", vm, NAMESPACE)["spec"]["template"]["spec"]["networks"]
    return [item["multus"]["networkName"] for item in networks if "multus" in item]


def as_at(specs: dict[str, Any], site: str) -> dict[str, Any]:
    """Specs of VMs as they were at east, with the network's name of a site."""
    return json.loads(json.dumps(specs).replace(json.dumps(NAMES["east"]), json.dumps(NAMES[site])))


def define_networks(cluster: Cluster) -> None:
    """Make the site serve the kind; it holds nothing that a test looks at."""
    kind = "NetworkAttachmentDefinition"
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    names = {"plural": "network-attachment-definitions", "singular": "network-attachment-definition", "kind": kind}
    cluster.create(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": DEFINITION},
            "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
        }
    )

    def not_served() -> list[str]:
        # the list of groups has it some time before it is served
        try:
            cluster.call("GET", f"/apis/{GROUP}/v1/{names['plural']}")
        except RuntimeError as error:
            if "HTTP 404" not in str(error):
                raise
            return [kind]
        return []

    wait_until("the kind to be served", 30, not_served)


def create_network(cluster: Cluster, name: str) -> None:
    namespace, _slash, own = name.rpartition("/")
    cluster.call(
        "POST",
        f"/apis/{GROUP}/v1/namespaces/{namespace or NAMESPACE}/network-attachment-definitions",
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": own, "namespace": namespace or NAMESPACE},
            "spec": {"config": '{"cniVersion": "1.0.0", "type": "bridge"}'},
        },
    )


def forget_networks(cluster: Cluster) -> None:
    cluster.delete("CustomResourceDefinition", DEFINITION)
