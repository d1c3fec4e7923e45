# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The place of a rehearsal at its site: found, or refused because something stands there already (P8)."""

from __future__ import annotations

from ..._cluster.api import Api, Object
from ..._cluster.kinds import NAMESPACE, PV
from ..._errors import Refused
from ..._model.names import CREATED_BY, protected_label, rehearsal_label
from ..._model.plan import Plan
from ..._model.run import REHEARSAL, may_be_rehearsal
from ..._planning.rehearsal.place import rehearsed_plan, spaces_of
from ..run.session import Session


def enter(session: Session) -> None:
    """If its run is a rehearsal, the session works in its namespaces from here on. Its groups stay the plan's."""
    if session.run.operation == REHEARSAL:
        session.plan = rehearsed_plan(session.plan)


def is_rehearsal(plan: Plan, run_id: str, check_mode: bool) -> bool:
    """The record is asked only where the id leaves it open."""
    return may_be_rehearsal(run_id) and Session(plan, run_id, check_mode).run.operation == REHEARSAL


def spaces_there(plan: Plan, api: Api) -> list[Object]:
    """Namespaces that rehearsals of the plan made, whatever the plan says now."""
    found: list[Object] = api.list(NAMESPACE, labels=f"{rehearsal_label(plan.name)}=true")
    return found


def volumes_there(plan: Plan, api: Api) -> list[Object]:
    found: list[Object] = api.list(PV, labels=f"{rehearsal_label(plan.name)}=true")
    return found


def check_made(plan: Plan, api: Api) -> None:
    """Labels are easily copied: what the plan itself has there, or no rehearsal made, is never removed."""
    for item in (*spaces_there(plan, api), *volumes_there(plan, api)):
        meta = item["metadata"]
        made = item["kind"] != NAMESPACE.kind or may_be_rehearsal(_maker(item) or "")
        if made and meta["name"] not in plan.namespaces and protected_label(plan.name) not in meta["labels"]:
            continue
        raise Refused(
            "remove the rehearsal",
            site=api.site,
            on=f"{item['kind']}/{meta['name']}",
            seen=f"it has the label {rehearsal_label(plan.name)}, and no rehearsal of the plan made it",
            wanted="the label only on what rehearsals made",
            next_step="nothing was removed: take the label off it, then run test_cleanup again",
        )


def check_free(plan: Plan, api: Api, run_id: str | None = None) -> None:
    """Refused while another rehearsal stands there, or somebody else's namespace. run_id: whose own may be there."""
    found = [*spaces_there(plan, api), *volumes_there(plan, api)]
    standing = [item for item in found if run_id is None or _maker(item) != run_id]
    if standing:
        raise Refused(
            "rehearse",
            site=api.site,
            on=f"{standing[0]['kind']}/{standing[0]['metadata']['name']}",
            seen=f"left of the rehearsal {_maker(standing[0]) or '(nobody knows which)'}",
            wanted="nothing of an earlier rehearsal",
            next_step="run test_cleanup, then start again",
        )
    for name in spaces_of(plan).values():
        there = api.find(NAMESPACE, name)
        if there is not None and rehearsal_label(plan.name) not in (there["metadata"].get("labels") or {}):
            raise Refused(
                "rehearse",
                site=api.site,
                on=f"Namespace/{name}",
                seen="one of that name exists, and no rehearsal of the plan made it",
                wanted="absent: a rehearsal has namespaces of its own",
                next_step="it was not touched: rename it, or the plan",
            )


def _maker(item: Object) -> str | None:
    return (item["metadata"].get("annotations") or {}).get(CREATED_BY)
