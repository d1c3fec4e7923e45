# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VirtualMachinePools whose VMs are stopped: kept from bringing these back to their template (P7, P8)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set

from ..._cluster.api import Api, Object
from ..._cluster.kinds import Kind
from ..._errors import Conflict, DrError, Refused
from ..._model.names import PAUSED_POOL
from ..._model.plan import Plan
from ..._model.workload import controller_of
from ..run.session import Session

POOL = "VirtualMachinePool"
ATTEMPTS = 5


def pause_pools(session: Session, api: Api, vms: Mapping[str, Object], best_effort: bool) -> list[tuple[bool, str]]:
    """Pause every pool that owns one of these VMs; whether it was written, and what became of it.

    A pool leaves the power of its VMs alone until it updates one: then it writes the template over the VM, with its
    runStrategy, and without what is recorded on it. One that the plan does not select is not ours to pause (P8).
    """
    decided = []
    for kind, key in pools_of(vms):
        try:
            decided.append(_pause(session, api, kind, key))
        except DrError as error:
            if not best_effort:
                raise
            decided.append((False, f"{POOL}/{key} may undo the stop: {error}"))
    return [(written, said) for written, said in decided if said]


def resume_pools(session: Session, api: Api, vms: Mapping[str, Object], off: Set[str]) -> list[str]:
    """Give those back that a stop paused, but for the pools of VMs that are left off (keys). What became of each.

    A pool that goes on would write its template over these, with what is recorded on them.
    """
    held: dict[str, str] = {}
    for key in sorted(off & vms.keys()):
        for _kind, pool in pools_of({key: vms[key]}):
            held.setdefault(pool, key)
    return [said for kind, key in pools_of(vms) if (said := _resume(session, api, kind, key, held.get(key)))]


def paused_pools(api: Api, vms: Mapping[str, Object]) -> list[str]:
    """namespace/name of those that a stop left paused."""
    return [key for kind, key in pools_of(vms) if PAUSED_POOL in _annotations(_find(api, kind, key) or {})]


def pools_of(vms: Mapping[str, Object]) -> list[tuple[Kind, str]]:
    """The kind, as the cluster serves it, and namespace/name of each pool that owns one of these VMs."""
    found: dict[tuple[str, str], Kind] = {}
    for vm in vms.values():
        owner = controller_of(vm)
        if owner and owner["kind"] == POOL:
            group, _slash, version = owner["apiVersion"].partition("/")
            key = vm["metadata"]["namespace"], owner["name"]
            found[key] = Kind(group, version, "virtualmachinepools", POOL)
    return [(kind, "/".join(key)) for key, kind in sorted(found.items())]


def _pause(session: Session, api: Api, kind: Kind, key: str) -> tuple[bool, str]:
    for _attempt in range(ATTEMPTS):
        pool = _find(api, kind, key)
        if pool is None:
            return False, ""
        if pool["spec"].get("paused"):
            return False, f"{POOL}/{key} is paused already"
        if not session.plan.selector.matches(pool["metadata"].get("labels") or {}):
            raise _not_selected(session.plan, api, key)
        was = json.dumps(pool["spec"].get("paused"))
        if session.check_mode or _patched(session, api, kind, pool, True, was):
            return True, f"{POOL}/{key} is paused"
    raise _contended("pause the pool", api, key)


def _resume(session: Session, api: Api, kind: Kind, key: str, off: str | None) -> str:
    """off: a VM of it that is left off."""
    for _attempt in range(ATTEMPTS):
        pool = _find(api, kind, key)
        was = _annotations(pool or {}).get(PAUSED_POOL)
        if pool is None or was is None:
            return ""
        if off is not None:
            return f"{POOL}/{key} stays paused while {off} is left off"
        if _patched(session, api, kind, pool, False if was == "false" else None, None):
            return f"{POOL}/{key} is given back as it was"
    raise _contended("resume the pool", api, key)


def _patched(session: Session, api: Api, kind: Kind, pool: Object, paused: bool | None, record: str | None) -> bool:
    """False when somebody else wrote it meanwhile."""
    session.verify_lock()
    meta = pool["metadata"]
    body: Object = {
        "metadata": {"annotations": {PAUSED_POOL: record}, "resourceVersion": meta["resourceVersion"]},
        "spec": {"paused": paused},
    }
    try:
        api.patch(kind, meta["name"], meta["namespace"], body)
    except Conflict:
        return False
    return True


def _find(api: Api, kind: Kind, key: str) -> Object | None:
    namespace, _slash, name = key.partition("/")
    return api.find(kind, name, namespace)


def _annotations(pool: Object) -> Mapping[str, str]:
    return (pool.get("metadata") or {}).get("annotations") or {}


def _not_selected(plan: Plan, api: Api, key: str) -> Refused:
    return Refused(
        "stop the VMs of a pool",
        site=api.site,
        on=f"{POOL}/{key}",
        seen="the plan selects its VMs and not the pool, which writes its template over them when it updates them",
        wanted="a pool that is paused while they are off",
        next_step=f"label the pool as {plan.selector.to_query() or 'the plan selects'}, or set its spec.paused: true",
    )


def _contended(tried: str, api: Api, key: str) -> Conflict:
    return Conflict(
        tried,
        site=api.site,
        on=f"{POOL}/{key}",
        seen=f"somebody else wrote it {ATTEMPTS} times in a row",
        wanted="a moment without another writer",
        next_step="find out who writes it, then start again",
    )
