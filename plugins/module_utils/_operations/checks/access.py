# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account of a site may not do there, of what the playbooks need."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..._cluster.access import EVERYTHING, is_allowed
from ..._cluster.api import Api
from ..._cluster.bulk import for_each
from ..._errors import DrError
from ..._model.finding import Finding
from ..._model.plan import Plan
from ..._planning.guards.rights import Right, Runs, Wanted, needs_at, right_findings, scopes_of
from ..._planning.vm.networks import attached_to
from ..capture.metadata_source import makes_volumes, needs_of, restores
from ..inventory.protected import Protected
from ..plan.groups import Groups
from ..stop.pools import pools_of
from ..volumes.commits import commit_place

# a right, and the namespace where it is asked for; None: in the whole cluster
Asked = tuple[Right, "str | None"]


def access_findings(
    plan: Plan, api: Api, found: Protected, replication: Groups, *, lives_here: bool
) -> Iterator[Finding]:
    """found: what the plan protects. lives_here: else it is the site that the plan would be moved to."""
    try:
        yield from right_findings(_denied(plan, api, found, replication, lives_here=lives_here), api.site)
    except DrError as error:
        on, remedy = error.on or f"Site/{api.site}", error.next_step or "see the message"
        yield Finding("warning", "NotChecked", on, str(error), remedy, api.site)


def _denied(
    plan: Plan, api: Api, found: Protected, replication: Groups, *, lives_here: bool
) -> dict[str, dict[Right, list[str]]]:
    if is_allowed(api, *EVERYTHING):
        return {}
    needs = needs_at(plan, _runs(plan, replication), _wanted(plan, found), lives_here)
    lacking = _refused(api, {(right, None) for need in needs for right in need.rights})
    # bound in namespaces only it may be enough
    scopes = {
        need: {
            right: scopes_of(right, need.namespaces, plan.store_namespace, plan.metadata.namespace)
            for right in need.rights
            if (right, None) in lacking
        }
        for need in needs
    }
    asked = {(right, scope) for of_need in scopes.values() for right, where in of_need.items() for scope in where}
    inside = _refused(api, asked)
    return {
        need.role: {
            right: [scope for scope in where if (right, scope) in inside]
            for right, where in of_need.items()
            if not where or any((right, scope) in inside for scope in where)
        }
        for need, of_need in scopes.items()
    }


def _runs(plan: Plan, replication: Groups) -> Runs:
    return Runs(
        imports=restores(plan) and "velero" not in needs_of(plan),
        stage=plan.metadata.prestage,
        rehearsals=restores(plan) and all(replication.provider(group).capabilities.clones for group in plan.groups),
    )


def _wanted(plan: Plan, found: Protected) -> Wanted:
    return Wanted(
        velero="velero" in needs_of(plan),
        workloads=bool(found.workloads.selected),
        vms=restores(plan),
        volumes=makes_volumes(plan) and commit_place(plan) is None,
        networks=any(attached_to(vm) for vm in found.vms.values()),
        pools=bool(pools_of(found.vms)),
        kinds=frozenset(kind.plural for kind, _key in found.others),
    )


def _refused(api: Api, asked: Collection[Asked]) -> set[Asked]:
    outcome = for_each(asked, lambda item: is_allowed(api, *item[0], item[1]))
    for _item, error in outcome.failed:
        raise error
    return {item for item, allowed in outcome.done if not allowed}
