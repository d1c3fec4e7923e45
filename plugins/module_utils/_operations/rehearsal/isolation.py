# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the place of a rehearsal, closed before anything is in it, and looking at it again before anything starts."""

from __future__ import annotations

from typing import Any

from ..._cluster.api import Object
from ..._cluster.kinds import ATTACHMENT_DEFINITION, NAMESPACE, NETWORK_POLICY, Kind
from ..._errors import Conflict, NotFound
from ..._model.names import CREATED_BY
from ..._model.plan import Plan
from ..._planning.rehearsal.isolation import bubbles, namespace, policies
from ..._planning.rehearsal.objects import VMS
from ..._planning.rehearsal.place import spaces_of
from ..._planning.rehearsal.verdict import seen_of
from ..._planning.report.document import REHEARSED
from ..capture.metadata_source import chosen_capture, source_of
from ..entry import bounded
from ..run.session import Session
from .place import check_free


def isolate(plan: Plan, run_id: str, check_mode: bool) -> dict[str, Any]:
    """Namespaces with policies that let nothing in or out, and networks that lead nowhere; replication as it is now."""
    with Session(plan, run_id, check_mode) as session, session.step("isolate") as summary:
        check_free(plan, session.api, run_id)
        capture = source_of(plan).manifests(session.api, chosen_capture(session))
        spaces = spaces_of(plan)
        captured = capture.index(NAMESPACE.resource)
        networks = bubbles(capture.objects.get(VMS, ()), spaces, plan.name)
        wanted: list[tuple[Kind, Object]] = [
            (NAMESPACE, namespace(there, captured.get(home), plan.name, run_id)) for home, there in spaces.items()
        ]
        wanted += [(NETWORK_POLICY, policy) for there in spaces.values() for policy in policies(there, plan.name)]
        wanted += [(ATTACHMENT_DEFINITION, network) for network in networks]
        if not check_mode:
            if session.load(REHEARSED) is None:
                here, there_groups = session.observe_groups()
                session.put(REHEARSED, {"groups": seen_of([*here, *there_groups])})
            session.verify_lock()
            for kind, body in wanted:
                _make(session, kind, body)
        decisions = [f"{kind.kind}/{_name(body)} is made" for kind, body in wanted]
        summary.update({"namespaces": list(spaces.values()), "networks": len(networks)})
        session.progress.emit("isolate", 1, 1)
        return {"changed": not check_mode, "decisions": bounded(decisions)}


def open_points(session: Session) -> list[str]:
    """In words, what of the isolation is not there as it was made. session: of the rehearsal, in its namespaces."""
    found = []
    for space in session.plan.namespaces:
        seen = {item["metadata"]["name"]: item["spec"] for item in session.api.list(NETWORK_POLICY, space)}
        wanted = {item["metadata"]["name"]: item["spec"] for item in policies(space, session.plan.name)}
        found += [
            f"NetworkPolicy/{space}/{name} is {'not as it was made' if name in seen else 'absent'}"
            for name, spec in wanted.items()
            if seen.get(name) != spec
        ]
        # policies add up: any other one opens what ours closes
        found += [
            f"NetworkPolicy/{space}/{name} is not ours, and may let traffic pass" for name in seen.keys() - wanted
        ]
    return found


def _make(session: Session, kind: Kind, body: Object) -> None:
    meta = {**body["metadata"]}
    meta["annotations"] = {**meta.get("annotations", {}), CREATED_BY: session.run.id}
    try:
        session.api.apply(kind, {**body, "metadata": meta})
    except NotFound as error:
        if kind is not ATTACHMENT_DEFINITION:
            raise
        raise Conflict(
            "make a network that leads nowhere",
            site=session.api.site,
            on=f"{kind.kind}/{_name(body)}",
            seen="the site does not serve that kind, and a VM of the plan names such a network",
            wanted="Multus, as for a failover",
            next_step="install it, then start again",
        ) from error


def _name(body: Object) -> str:
    meta = body["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if "namespace" in meta else str(meta["name"])
