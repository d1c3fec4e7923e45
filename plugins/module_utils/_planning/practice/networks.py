# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that the plan's VMs need at the target. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ..._model.finding import Finding
from ..._model.plan_network_fields import in_namespace
from ..vm.networks import NetworkNames, attached_to
from ..vm.parts import Object, key_of, labels_of, some

NAD = "NetworkAttachmentDefinition"


def wanted_networks(vms: Iterable[Object], names: NetworkNames) -> dict[tuple[str, str], list[str]]:
    """(name at the source, name at the target), each with its namespace, to the VMs that are attached."""
    found: dict[tuple[str, str], list[str]] = {}
    for vm in vms:
        namespace = vm["metadata"]["namespace"]
        for name in dict.fromkeys(attached_to(vm).values()):
            there = in_namespace(names.at_target(name, namespace), namespace)
            found.setdefault((in_namespace(name, namespace), there), []).append(key_of(vm))
    return found


def absent_networks(
    wanted: Mapping[tuple[str, str], list[str]],
    at_source: Mapping[str, Object],
    at_target: Collection[str],
    label: str,
    target: str,
) -> Iterator[Finding]:
    """at_source, at_target: NetworkAttachmentDefinitions by namespace/name. label: what has it comes with the VMs."""
    for (here, there), users in sorted(wanted.items()):
        comes_along = here == there and here in at_source and labels_of(at_source[here]).get(label) == "true"
        if there not in at_target and not comes_along:
            known = "" if here == there else f", which is {here} there where they are now"
            yield Finding(
                "blocker",
                "NetworkAbsent",
                f"{NAD}/{there}",
                f"it is absent, and {some(users)} would be attached to it{known}: they would not start",
                f"create it at {target}, or say under network.attachments what {here} is called there",
                target,
            )


def networks_of_target(vms: Iterable[Object], names: NetworkNames) -> Iterator[Finding]:
    """Names that would be others after the way back."""
    found: dict[str, list[str]] = {}
    for vm in vms:
        namespace = vm["metadata"]["namespace"]
        for name in dict.fromkeys(attached_to(vm).values()):
            if names.is_of_target_only(name, namespace):
                found.setdefault(in_namespace(name, namespace), []).append(key_of(vm))
    for name, users in sorted(found.items()):
        yield Finding(
            "blocker",
            "NetworkAmbiguous",
            f"{NAD}/{name}",
            f"{some(users)} are attached to it at {names.source}, and the plan has it as a name of {names.target} only",
            f"correct the VMs, or list under network.attachments what this one is called at {names.target}",
            names.source,
        )
