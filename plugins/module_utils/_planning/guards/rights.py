# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account has to be allowed to write, per role of docs/rbac.md, and what it lacks. Pure.

What it may not read, check says wherever it reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from ..._model.finding import Finding
from ..vm.parts import some

WORKLOADS = (("apps", "deployments statefulsets daemonsets"), ("batch", "cronjobs jobs"))
POLICIES = "validatingadmissionpolicies validatingadmissionpolicybindings"
VELERO = "velero.io"

# by role: API group, resources, verbs
Rules = tuple[tuple[str, str, str], ...]
ROLES: dict[str, Rules] = {
    "failover": (
        ("", "namespaces persistentvolumes persistentvolumeclaims", "create"),
        ("", "persistentvolumes", "patch"),
        ("", "configmaps", "create update patch delete"),
        ("coordination.k8s.io", "leases", "create update"),
        ("admissionregistration.k8s.io", POLICIES, "get list create patch delete"),
        ("kubevirt.io", "virtualmachines", "create patch"),
        ("kubevirt.io", "virtualmachineinstances", "create"),
        ("subresources.kubevirt.io", "virtualmachines/start", "update"),
        *((group, resources, "create patch") for group, resources in WORKLOADS),
        (VELERO, "restores", "get create delete"),
    ),
    "relocate": (
        ("kubevirt.io", "virtualmachines", "update"),
        ("apps", "deployments statefulsets daemonsets", "update"),
        ("batch", "cronjobs", "update"),
        (VELERO, "backups", "create patch delete"),
    ),
    "protect": (
        ("", "persistentvolumes persistentvolumeclaims secrets configmaps services serviceaccounts", "patch"),
        *((group, resources, "patch") for group, resources in WORKLOADS),
        ("kubevirt.io", "virtualmachines", "patch"),
        (VELERO, "backups", "create patch"),
        (VELERO, "schedules", "get create patch"),
    ),
}
OF_CLUSTER = frozenset({"namespaces", "persistentvolumes", *POLICIES.split()})
VOLUMES = frozenset({"persistentvolumes", "persistentvolumeclaims"})


class Right(NamedTuple):
    verb: str
    group: str
    resource: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f".{self.group}" if self.group else "")


class Wanted(NamedTuple):
    """What of a role a plan needs: Velero's objects, workloads to move, VMs and volumes that nobody else creates."""

    velero: bool
    workloads: bool
    vms: bool
    volumes: bool


def rights_of(role: str, wanted: Wanted) -> list[Right]:
    found = [
        Right(verb, group, resource)
        for group, resources, verbs in ROLES[role]
        for resource in resources.split()
        for verb in verbs.split()
    ]
    return [right for right in found if _is_needed(right, wanted)]


def _is_needed(right: Right, wanted: Wanted) -> bool:
    if right.group == VELERO:
        return wanted.velero
    if right.group in dict(WORKLOADS):
        return wanted.workloads
    if right.resource == "virtualmachines" and right.verb in ("create", "update"):
        return wanted.vms
    return wanted.volumes or right.verb != "create" or right.resource not in VOLUMES


def scopes_of(right: Right, namespaces: Iterable[str], store: str, velero: str) -> list[str]:
    """Where the right is enough if it is not given in the whole cluster; nowhere for what has no namespace."""
    if right.resource in OF_CLUSTER:
        return []
    if right.group == VELERO:
        return [velero]
    if right.resource == "leases":
        return [store]
    return [*namespaces, *([store] if right.resource == "configmaps" else [])]


def right_findings(denied: Mapping[str, Mapping[Right, Collection[str]]], site: str) -> Iterator[Finding]:
    """denied: by role, each right with the namespaces in which it is not given; none: not in the cluster."""
    for role, rights in denied.items():
        if rights:
            shown = [f"{right}" + (f" in {some(sorted(where))}" if where else "") for right, where in rights.items()]
            yield Finding(
                "warning",
                "RightMissing",
                f"ClusterRole/ocpvirt-dr-{role}",
                f"the account of this check may not {some(shown, 6)}",
                f"grant it to the account that runs {role} (docs/rbac.md), if it is this one",
                site,
            )
