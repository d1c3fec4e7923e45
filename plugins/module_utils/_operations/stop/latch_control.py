# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closing and opening the latch of a plan."""

from __future__ import annotations

from typing import Any

from ..._errors import Refused
from ..._model.plan import Plan
from ..._model.run import REHEARSALS, START
from ..inventory.protected import list_vms
from ..plan.sites import reach
from ..run.session import Session
from ..start.guard import check_may_start
from .latch_closing import close_latch, existing_namespaces, latch_of


def set_latch(plan: Plan, run_id: str, site: str, state: str, check_mode: bool) -> dict[str, Any]:
    """Close the latch at either site, or open it once P1 and P2 were checked there by fresh observation.

    It is opened at the target, or at a source to which the run gives everything back.
    """
    with Session(plan, run_id, check_mode) as session:
        if state == "open":
            return _open(session, site)
        return _close(session, site)


def _open(session: Session, site: str) -> dict[str, Any]:
    if session.run.operation in REHEARSALS:
        raise Refused(
            "open the latch",
            site=site,
            on=f"run {session.run.id}",
            seen="it rehearses, with VMs of its own that the plan's latch does not hold",
            wanted="a run that moves the plan there",
            next_step="failover or relocate starts the plan",
        )
    with session.step("start" if site == session.target else "rollback") as summary:
        if session.check_mode and session.run.operation != START:
            # what the guard looks at has not been done
            return {"changed": True, "closed": False, "site": site}
        api = session.site_api(site)
        volumes = check_may_start(session, site)
        session.verify_lock()
        latch = latch_of(session.plan, api, existing_namespaces(session.plan, api))
        closed = latch.is_closed()
        if not session.check_mode:
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
