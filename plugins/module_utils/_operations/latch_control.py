# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing and opening the latch of a plan."""

from __future__ import annotations

from typing import Any

from .._cluster.api import Api
from .._cluster.kinds import NAMESPACE
from .._cluster.latch import Latch
from .._errors import Refused
from .._model.plan import Plan
from .protected import list_vms
from .session import Session
from .sites import reach
from .start_guard import check_may_start


def set_latch(plan: Plan, run_id: str, site: str, state: str, check_mode: bool) -> dict[str, Any]:
    """Close the latch at either site, or open it once P1 and P2 were checked there by fresh observation.

    It is opened at the target, or at a source to which the run gives everything back.
    """
    with Session(plan, run_id, check_mode) as session:
        if state == "open":
            return _open(session, site)
        return _close(session, site)


def _open(session: Session, site: str) -> dict[str, Any]:
    with session.step("start" if site == session.target else "rollback") as summary:
        if session.check_mode:
            return {"changed": True, "closed": False, "site": site}
        api = session.site_api(site)
        volumes = check_may_start(session, site)
        session.verify_lock()
        latch = _latch(session, api, existing_namespaces(session, api))
        closed = latch.is_closed()
        latch.open()
        summary["volumes_verified"] = volumes
        return {"changed": closed, "closed": False, "site": site}


def _close(session: Session, site: str) -> dict[str, Any]:
    api = session.api if site == session.target else reach(session.plan, site).api
    if api is None:
        raise Refused(
            "close the latch",
            site=site,
            seen="the site does not answer",
            wanted="a site that answers",
            next_step="leave this step out for a site that was declared lost",
        )
    changed = close_latch(session, api, set(list_vms(session.plan, api)))
    return {"changed": changed, "closed": True, "site": site}


def close_latch(session: Session, api: Api, vms: set[str]) -> bool:
    """Close it for these VMs (keys) and all of the run's capture; whether it was open."""
    keys = vms | set((session.load("capture") or {}).get("vms", []))
    namespaces = existing_namespaces(session, api)
    latch = _latch(session, api, namespaces)
    closed = latch.is_closed()
    if not session.check_mode and namespaces:
        session.verify_lock()
        latch.close(key.replace("/", ".") for key in keys)
    return not closed and bool(namespaces)


def latch_is_closed(session: Session, api: Api) -> bool:
    """Whether nothing of the plan can start at the site; without its namespaces nothing can either."""
    namespaces = existing_namespaces(session, api)
    return not namespaces or _latch(session, api, namespaces).is_closed()


def existing_namespaces(session: Session, api: Api) -> tuple[str, ...]:
    """The plan's namespaces that exist at the site: in an absent one nothing can start, and nothing be probed."""
    return tuple(name for name in session.plan.namespaces if api.find(NAMESPACE, name))


def _latch(session: Session, api: Api, namespaces: tuple[str, ...]) -> Latch:
    return Latch(api, session.plan.name, namespaces, session.plan.store_namespace)
