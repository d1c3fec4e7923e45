# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account has to be allowed to write, per role of docs/rbac.md, and what it lacks. Pure.

What it may not read, check says wherever it reads it; asked for is what it does not read and a run does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from ..._model.finding import Finding
from ..._model.plan import Plan
from ..rehearsal.place import spaces_of
from ..vm.parts import some

WORKLOADS = (("apps", "deployments statefulsets daemonsets"), ("batch", "cronjobs jobs"))
POLICIES = "validatingadmissionpolicies validatingadmissionpolicybindings"
VELERO = "velero.io"
NETWORKS = "k8s.cni.cncf.io"
POOLS = "pool.kubevirt.io"
SUBRESOURCES = "subresources.kubevirt.io"

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
        (SUBRESOURCES, "virtualmachines/start", "update"),
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
    # a stop proves with it that nothing is left, when the VMs are off already
    "read": (("storage.k8s.io", "volumeattachments", "list"),),
    "in-place": (
        ("", "namespaces", "create"),
        ("", "configmaps", "create update patch delete"),
        ("coordination.k8s.io", "leases", "create update"),
        ("admissionregistration.k8s.io", POLICIES, "get list create patch delete"),
        ("kubevirt.io", "virtualmachineinstances", "create"),
        ("kubevirt.io", "virtualmachines", "patch"),
        (SUBRESOURCES, "virtualmachines/start", "update"),
        *((group, resources, "patch") for group, resources in WORKLOADS),
    ),
    "stop": (
        (SUBRESOURCES, "virtualmachines/stop", "update"),
        (POOLS, "virtualmachinepools", "get patch"),
    ),
    # what vanished where the plan lives is looked for among all of its objects at the other site
    "prestage": (
        (
            "",
            "persistentvolumes persistentvolumeclaims secrets configmaps services serviceaccounts limitranges"
            " resourcequotas",
            "list delete",
        ),
        ("apps", "deployments statefulsets daemonsets controllerrevisions", "list delete"),
        ("batch", "cronjobs jobs", "list delete"),
        ("rbac.authorization.k8s.io", "roles rolebindings", "list delete"),
        ("networking.k8s.io", "networkpolicies ingresses", "list delete"),
        ("kubevirt.io", "virtualmachines", "list delete"),
    ),
    "rehearse": (
        ("", "namespaces", "get list create patch delete"),
        ("networking.k8s.io", "networkpolicies", "list create patch"),
        ("", "persistentvolumes", "delete"),
        ("kubevirt.io", "virtualmachines", "delete"),
        (SUBRESOURCES, "virtualmachines/stop", "update"),
        (NETWORKS, "network-attachment-definitions", "create patch"),
    ),
    "import": (
        ("", "serviceaccounts secrets configmaps services", "create patch"),
        ("apps", "controllerrevisions", "create patch"),
        ("instancetype.kubevirt.io", "virtualmachineinstancetypes virtualmachinepreferences", "create patch"),
    ),
}
# by role: whose account needs it
PLAYBOOKS = {
    "failover": "failover",
    "relocate": "relocate, failback and reprotect",
    "protect": "protect",
    "read": "whatever stops VMs",
    "in-place": "start and stop",
    "stop": "whatever stops VMs",
    "prestage": "prestage, protect and failovers to the stage",
    "rehearse": "test_failover and test_cleanup, for the whole cluster as their namespaces do not exist before",
    "import": "moves and prestage",
}
OF_CLUSTER = frozenset({"namespaces", "persistentvolumes", "volumeattachments", *POLICIES.split()})
VOLUMES = frozenset({"persistentvolumes", "persistentvolumeclaims"})
OF_WORKLOADS = frozenset(resource for _group, resources in WORKLOADS for resource in resources.split())


class Right(NamedTuple):
    verb: str
    group: str
    resource: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f".{self.group}" if self.group else "")


class Runs(NamedTuple):
    """What a plan has run beside its moves: restores of an export in Velero's place, a stage, rehearsals."""

    imports: bool
    stage: bool
    rehearsals: bool


class Wanted(NamedTuple):
    """What of a role a plan needs: Velero's objects, workloads to move, VMs and volumes that nobody else creates,
    networks beside the pods', pools of VMs.

    kinds: resources of what belongs to the VMs.
    """

    velero: bool
    workloads: bool
    vms: bool
    volumes: bool
    networks: bool
    pools: bool
    kinds: Collection[str]


class Need(NamedTuple):
    """What the runs of a role need at a site, and the namespaces in which they work."""

    role: str
    rights: tuple[Right, ...]
    namespaces: tuple[str, ...]


def needs_at(plan: Plan, runs: Runs, wanted: Wanted, lives_here: bool) -> list[Need]:
    """Moves need their rights at both sites; what is run where the plan lives, and beside it, only there."""
    staged = runs.stage and not lives_here
    roles = ["failover", "relocate", *(["import"] if runs.imports or staged else [])]
    roles += ["protect", "read", "in-place", "stop"] if lives_here else []
    roles += ["prestage"] if staged else []
    needs = [Need(role, tuple(rights_of(role, wanted)), plan.namespaces) for role in roles]
    if runs.rehearsals and not lives_here:
        needs.append(Need("rehearse", tuple(_of_rehearsal(wanted)), tuple(spaces_of(plan).values())))
    return needs


def _of_rehearsal(wanted: Wanted) -> Iterable[Right]:
    """It writes what a failover does, and brings objects by itself whoever brings them to a failover."""
    alone = wanted._replace(velero=False)
    return dict.fromkeys(right for role in ("rehearse", "failover", "import") for right in rights_of(role, alone))


def rights_of(role: str, wanted: Wanted) -> list[Right]:
    found = [
        Right(verb, group, resource)
        for group, resources, verbs in ROLES[role]
        for resource in resources.split()
        for verb in verbs.split()
        if role != "import" or resource in wanted.kinds
    ]
    return [right for right in found if _is_needed(right, wanted)]


def _is_needed(right: Right, wanted: Wanted) -> bool:
    of_group = {VELERO: wanted.velero, NETWORKS: wanted.networks, POOLS: wanted.pools}
    if right.group in of_group:
        return of_group[right.group]
    if right.resource in OF_WORKLOADS:
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
                f"grant it to the account that runs {PLAYBOOKS[role]} (docs/rbac.md), if it is this one",
                site,
            )
