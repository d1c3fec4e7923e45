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
from ..._planning.guards.rights import Right, Wanted, right_findings, rights_of, scopes_of
from ..capture.metadata_source import makes_volumes, needs_of, restores
from ..inventory.protected import Protected
from ..volumes.commits import commit_place

# a right, and the namespace where it is asked for; None: in the whole cluster
Asked = tuple[Right, "str | None"]


def access_findings(plan: Plan, api: Api, found: Protected, lives_here: bool) -> Iterator[Finding]:
    """found: what the plan protects. protect is run where the plan lives; moves need their rights at both sites."""
    try:
        yield from right_findings(_denied(plan, api, found, lives_here), api.site)
    except DrError as error:
        on, remedy = error.on or f"Site/{api.site}", error.next_step or "see the message"
        yield Finding("warning", "NotChecked", on, str(error), remedy, api.site)


def _denied(plan: Plan, api: Api, found: Protected, lives_here: bool) -> dict[str, dict[Right, list[str]]]:
    if is_allowed(api, *EVERYTHING):
        return {}
    wanted = Wanted(
        velero="velero" in needs_of(plan),
        workloads=bool(found.workloads.selected),
        vms=restores(plan),
        volumes=makes_volumes(plan) and commit_place(plan) is None,
    )
    roles = {role: rights_of(role, wanted) for role in ("failover", "relocate", *(["protect"] if lives_here else []))}
    lacking = _refused(api, {(right, None) for rights in roles.values() for right in rights})
    # bound in namespaces only it may be enough
    scopes = {right: _scopes(plan, right) for right, _cluster in lacking}
    inside = _refused(api, {(right, scope) for right, where in scopes.items() for scope in where})
    return {
        role: {
            right: [scope for scope in scopes[right] if (right, scope) in inside]
            for right in rights
            if right in scopes and (not scopes[right] or any((right, scope) in inside for scope in scopes[right]))
        }
        for role, rights in roles.items()
    }


def _scopes(plan: Plan, right: Right) -> list[str]:
    return scopes_of(right, plan.namespaces, plan.store_namespace, plan.metadata.namespace)


def _refused(api: Api, asked: Collection[Asked]) -> set[Asked]:
    outcome = for_each(asked, lambda item: is_allowed(api, *item[0], item[1]))
    for _item, error in outcome.failed:
        raise error
    return {item for item, allowed in outcome.done if not allowed}
