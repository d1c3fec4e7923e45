# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkAttachmentDefinitions of a capture at the target: created where absent, else the site's own are used."""

from __future__ import annotations

from dataclasses import dataclass

from .._cluster.api import Api, Object
from .._cluster.bulk import for_each
from .._cluster.kinds import NETWORK_ATTACHMENT
from .._errors import Conflict, NotFound
from .._model.capture import Capture
from .._model.names import CREATED_BY
from .protected import key_of
from .session import Session

KEPT = ("labels", "annotations")


@dataclass(frozen=True)
class Networks:
    """bodies: what is to be created. decisions: for people."""

    bodies: tuple[Object, ...] = ()
    decisions: tuple[str, ...] = ()


def absent_networks(api: Api, capture: Capture) -> Networks:
    captured = capture.index(NETWORK_ATTACHMENT.resource)
    if not captured:
        return Networks()
    try:
        spaces = sorted({key.partition("/")[0] for key in captured})
        there = {key_of(item) for namespace in spaces for item in api.list(NETWORK_ATTACHMENT, namespace)}
    except NotFound:
        names = ", ".join(sorted(captured))
        return Networks((), (f"{NETWORK_ATTACHMENT.kind}/{names} stays away: {api.site} does not serve that kind",))
    decisions = [
        f"{NETWORK_ATTACHMENT.kind}/{key} " + ("stays as it is at the target" if key in there else "is created")
        for key in sorted(captured)
    ]
    return Networks(tuple(captured[key] for key in sorted(captured.keys() - there)), tuple(decisions))


def create_networks(session: Session, networks: Networks) -> None:
    def create(item: Object) -> None:
        meta = item["metadata"]
        kept = {part: dict(meta[part]) for part in KEPT if meta.get(part)}
        kept["annotations"] = {**kept.get("annotations", {}), CREATED_BY: session.run.id}
        body = {
            "apiVersion": NETWORK_ATTACHMENT.api_version,
            "kind": NETWORK_ATTACHMENT.kind,
            "metadata": {"name": meta["name"], "namespace": meta["namespace"], **kept},
            "spec": item.get("spec", {}),
        }
        try:
            session.api.create(NETWORK_ATTACHMENT, body)
        except Conflict:
            # somebody made it meanwhile: it is the site's
            return

    outcome = for_each(networks.bodies, create, before_batch=session.verify_lock)
    for _item, error in outcome.failed:
        raise error
