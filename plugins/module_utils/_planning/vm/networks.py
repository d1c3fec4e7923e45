# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM's networks under the names that they have at another site. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._model.plan_network_fields import in_namespace

Object = dict[str, Any]


@dataclass(frozen=True)
class NetworkNames:
    """What the plan calls the NetworkAttachmentDefinitions at the site that a VM comes from, and at its target."""

    attachments: Sequence[Mapping[str, str]]
    source: str
    target: str

    def at_target(self, name: str, namespace: str) -> str:
        """The name as a VM of that namespace writes it at the target; as it is, where the plan names no other.

        A name within the VM's namespace keeps its spelling, with or without the namespace; one that leaves or enters it
        is as the plan writes it. So the way back ends where it began.
        """
        wanted = in_namespace(name, namespace)
        for entry in self.attachments:
            if in_namespace(entry[self.source], namespace) == wanted:
                found = in_namespace(entry[self.target], namespace)
                if wanted.split("/")[0] == found.split("/")[0] == namespace:
                    return found if "/" in name else found.split("/")[1]
                return entry[self.target]
        return name

    def is_of_target_only(self, name: str, namespace: str) -> bool:
        """Whether the plan knows the name at the target and not at the source: on the way back it would be another."""
        wanted = in_namespace(name, namespace)
        known = {
            site: {in_namespace(entry[site], namespace) for entry in self.attachments}
            for site in (self.source, self.target)
        }
        return wanted in known[self.target] and wanted not in known[self.source]


def attached_to(vm: Mapping[str, Any]) -> dict[str, str]:
    """Name of a network in the VM to the NetworkAttachmentDefinition that it names, as it is written."""
    networks = vm["spec"]["template"]["spec"].get("networks") or []
    return {item["name"]: item["multus"]["networkName"] for item in networks if item.get("multus")}


def with_networks(vm: Mapping[str, Any], names: NetworkNames) -> tuple[Object, list[tuple[str, str]]]:
    """The VM as it is at the target, and the names that changed, each with its namespace. The VM given stays."""
    namespace = vm["metadata"]["namespace"]
    before = attached_to(vm)
    after = {key: names.at_target(name, namespace) for key, name in before.items()}
    if after == before:
        return dict(vm), []
    template = vm["spec"]["template"]
    networks = [
        {**item, "multus": {**item["multus"], "networkName": after[item["name"]]}} if item["name"] in after else item
        for item in template["spec"]["networks"]
    ]
    changed = [
        (in_namespace(before[key], namespace), in_namespace(after[key], namespace))
        for key in before
        if before[key] != after[key]
    ]
    spec = {**vm["spec"], "template": {**template, "spec": {**template["spec"], "networks": networks}}}
    return {**vm, "spec": spec}, changed
