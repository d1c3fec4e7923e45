# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which claims are cloned together: all disks of a VM from one moment, a workload's claims one by one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._model.finding import Finding
from ..._model.vm import claim_names, claim_users
from ..._model.vm_needs import state_claims
from ..vm.parts import some

Object = Mapping[str, Any]


@dataclass(frozen=True)
class CloneSet:
    """claims: names in the namespace. vm: whose disks they are; empty for a claim that only pods use."""

    namespace: str
    vm: str
    claims: tuple[str, ...]

    @property
    def owner(self) -> str:
        kind, name = ("VirtualMachine", self.vm) if self.vm else ("PersistentVolumeClaim", self.claims[0])
        return f"{kind}/{self.namespace}/{name}"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"{self.namespace}/{claim}" for claim in self.claims)


def sets_of(vms: Mapping[str, Object], claims: Mapping[str, Object]) -> list[CloneSet]:
    """vms, claims: those that the plan protects, by namespace/name. A disk of several VMs is cloned with the first.

    The state of a persistent TPM and of EFI variables is of the VM's moment too.
    """
    found: list[CloneSet] = []
    left, states = dict.fromkeys(sorted(claims)), state_claims(claims)
    for key in sorted(vms):
        namespace, name = key.split("/")
        names = {*claim_names(vms[key]), *(state.split("/")[1] for state in states.get(key, ()))}
        own = [claim for claim in sorted(names) if f"{namespace}/{claim}" in left]
        for claim in own:
            del left[f"{namespace}/{claim}"]
        if own:
            found.append(CloneSet(namespace, name, tuple(own)))
    return [*found, *(CloneSet(key.split("/")[0], "", (key.split("/")[1],)) for key in left)]


def shared_moments(vms: Mapping[str, Object]) -> list[Finding]:
    """A disk of several VMs is of the moment of one of them."""
    return [
        Finding(
            "warning",
            "CloneShared",
            f"PersistentVolumeClaim/{claim}",
            f"{some(users)} use it: its clone is of the moment at which {users[0]}'s other disks were",
            "restore all of them, and let the cluster of the guests decide, as after a crash",
        )
        for claim, users in sorted(claim_users(vms.values()).items())
        if len(users) > 1
    ]
