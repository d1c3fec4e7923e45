# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else decides over what a plan moves: controllers of Git, owners of its namespaces, another plan. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..._model.finding import Finding
from ..._model.names import protected_label
from ..practice.gitops import managed_by
from ..vm.parts import Object, key_of, labels_of, some, title

PROTECTED = protected_label("")
# lets an instance of Argo CD work in the namespace, which it does not bring
DELEGATED = ("argocd.argoproj.io/managed-by",)


def managed_namespaces(namespaces: Iterable[Object], paused: bool, target: str) -> Iterator[Finding]:
    """Of the target: what a move creates there may be pruned, or go with the owner. paused: as below."""
    for namespace in namespaces:
        meta = namespace["metadata"]
        owners = [f"{owner['kind']} {owner['name']}" for owner in meta.get("ownerReferences") or ()]
        manager = "" if paused else managed_by(namespace, but=DELEGATED)
        if owners or manager:
            yield Finding(
                "warning",
                "NamespaceOwned",
                f"Namespace/{meta['name']}",
                f"{some(owners or [manager])} decides over it: what a move creates there may go with it",
                "see that it neither prunes nor deletes what it did not create, or let the plan have the namespace",
                target,
            )


def strangers(there: Iterable[Object], known: Collection[tuple[str, str]], plan: str, target: str) -> Iterator[Finding]:
    """Namespaces of the target in which another application lives.

    there: VMs and claims that are not of this plan. known: kind and namespace/name of what the source has too.
    """
    found: dict[str, list[str]] = {}
    for item in there:
        of_a_plan = any(label.startswith(PROTECTED) for label in labels_of(item))
        if not of_a_plan and (item["kind"], key_of(item)) not in known:
            meta = item["metadata"]
            found.setdefault(meta["namespace"], []).append(f"{item['kind']} {meta['name']}")
    for name, others in sorted(found.items()):
        yield Finding(
            "warning",
            "NamespaceShared",
            f"Namespace/{name}",
            f"no plan knows {some(others)}, and the other site has nothing of that name: the namespace may be another "
            "application's at this site",
            f"give one of the two another namespace, or see that names, quotas and policies suit both it and {plan}",
            target,
        )


def syncing_controllers(vms: Iterable[Object], paused: bool, site: str) -> Iterator[Finding]:
    """VMs that Git brings. paused: whether the plan names what syncs them at the site, so that a run pauses it."""
    found: dict[str, list[str]] = {}
    for vm in () if paused else vms:
        if manager := managed_by(vm):
            found.setdefault(manager, []).append(key_of(vm))
    for manager, keys in sorted(found.items()):
        yield Finding(
            "warning",
            "GitOpsUnpaused",
            manager,
            f"it manages {some(sorted(keys))}, and the plan names nothing that a run would pause: it may start what "
            "the run has stopped, or stop what it has started",
            "name its Applications in metadata.gitops.applications, or pause it in a hook of the plan",
            site,
        )


def of_two_plans(vms: Iterable[Object], plan: str, site: str) -> Iterator[Finding]:
    """VMs that another plan protects too: two runs would decide over one machine."""
    for vm in vms:
        others = sorted(
            label.removeprefix(PROTECTED)
            for label in labels_of(vm)
            if label.startswith(PROTECTED) and label != protected_label(plan)
        )
        if others:
            yield Finding(
                "warning",
                "VmOfTwoPlans",
                title(vm),
                f"it is protected by plan {some(others)} too: the runs of one know nothing of the other's locks",
                "let one plan select it and unprotect the other; the label of a plan that is gone can be removed",
                site,
            )
