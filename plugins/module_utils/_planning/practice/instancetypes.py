# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instancetypes and preferences of the whole cluster, which no plan brings along. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..._model.finding import Finding
from ..vm.parts import Object, key_of, some

# field of a VM to the kind that it means where it names none
OF_CLUSTER = {"instancetype": "VirtualMachineClusterInstancetype", "preference": "VirtualMachineClusterPreference"}


def cluster_types(vms: Iterable[Object]) -> dict[tuple[str, str], list[str]]:
    """(kind, name) to the VMs that need it. With a revision named, KubeVirt reads the captured ControllerRevision."""
    found: dict[tuple[str, str], list[str]] = {}
    for vm in vms:
        for field, kind in OF_CLUSTER.items():
            used = vm["spec"].get(field) or {}
            meant = str(used.get("kind") or kind)
            if used.get("name") and not used.get("revisionName") and meant.lower() == kind.lower():
                found.setdefault((kind, used["name"]), []).append(key_of(vm))
    return found


def absent_types(
    wanted: dict[tuple[str, str], list[str]], at_target: Collection[tuple[str, str]], target: str
) -> Iterator[Finding]:
    for (kind, name), users in sorted(wanted.items()):
        if (kind, name) not in at_target:
            yield Finding(
                "blocker",
                "InstancetypeAbsent",
                f"{kind}/{name}",
                f"it is absent, and {some(users)} refer to it: they would not start",
                f"create it at {target}, equal to the one of the other site",
                target,
            )
