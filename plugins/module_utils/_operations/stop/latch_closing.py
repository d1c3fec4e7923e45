# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing the latch of a plan at a site, which needs no guard."""

from __future__ import annotations

from ..._cluster.api import Api
from ..._cluster.kinds import NAMESPACE
from ..._cluster.latch import Latch
from ..._model.plan import Plan
from ..inventory.protected import list_vms
from ..run.session import Session


def close_latch(session: Session, api: Api, vms: set[str]) -> bool:
    """Close it for these VMs (keys) and all of the run's capture; whether it was open."""
    keys = vms | set((session.load("capture") or {}).get("vms", []))
    namespaces = existing_namespaces(session.plan, api)
    latch = latch_of(session.plan, api, namespaces)
    closed = latch.is_closed()
    if not session.check_mode and namespaces:
        session.verify_lock()
        latch.close(key.replace("/", ".") for key in keys)
    return not closed and bool(namespaces)


def close_latch_at_target(session: Session) -> bool:
    """Before the first volume is there: nothing may start beside a copy."""
    return close_latch(session, session.api, set(list_vms(session.plan, session.api)))


def latch_is_closed(plan: Plan, api: Api) -> bool:
    """Whether nothing of the plan can start at the site; without its namespaces nothing can either."""
    namespaces = existing_namespaces(plan, api)
    return not namespaces or latch_of(plan, api, namespaces).is_closed()


def existing_namespaces(plan: Plan, api: Api) -> tuple[str, ...]:
    """The plan's namespaces that exist at the site: in an absent one nothing can start, and nothing be probed."""
    return tuple(name for name in plan.namespaces if api.find(NAMESPACE, name))


def latch_of(plan: Plan, api: Api, namespaces: tuple[str, ...]) -> Latch:
    return Latch(api, plan.name, namespaces, plan.store_namespace)
