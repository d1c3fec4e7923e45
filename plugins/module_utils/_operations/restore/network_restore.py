# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkAttachmentDefinitions of a capture at the target: created where absent, else the site's own are used."""

from __future__ import annotations

from dataclasses import dataclass

from ..._cluster.api import Api, Object
from ..._cluster.bulk import for_each
from ..._cluster.kinds import ATTACHMENT_DEFINITION
from ..._errors import Conflict, NotFound
from ..._model.capture import Capture
from ..._model.names import CREATED_BY
from ..._planning.vm.networks import NetworkNames
from ..inventory.protected import key_of
from ..run.session import Session

KEPT = ("labels", "annotations")


@dataclass(frozen=True)
class Networks:
    """bodies: what is to be created. decisions: for people."""

    bodies: tuple[Object, ...] = ()
    decisions: tuple[str, ...] = ()


def absent_networks(api: Api, capture: Capture, names: NetworkNames) -> Networks:
    """names: what the plan calls networks at both sites; one with another name at the target is not needed there."""
    captured, renamed = {}, []
    for key, item in sorted(capture.index(ATTACHMENT_DEFINITION.resource).items()):
        other = names.at_target(key, item["metadata"]["namespace"])
        if other == key:
            captured[key] = item
        else:
            renamed.append(f"{ATTACHMENT_DEFINITION.kind}/{key} stays in the capture: {api.site} calls it {other}")
    if not captured:
        return Networks((), tuple(renamed))
    try:
        spaces = sorted({key.partition("/")[0] for key in captured})
        there = {key_of(item) for namespace in spaces for item in api.list(ATTACHMENT_DEFINITION, namespace)}
    except NotFound:
        on = f"{ATTACHMENT_DEFINITION.kind}/{', '.join(captured)}"
        return Networks((), (*renamed, f"{on} stays away: {api.site} does not serve that kind"))
    decisions = [
        f"{ATTACHMENT_DEFINITION.kind}/{key} " + ("stays as it is at the target" if key in there else "is created")
        for key in captured
    ]
    bodies = tuple(item for key, item in captured.items() if key not in there)
    return Networks(bodies, (*renamed, *decisions))


def create_networks(session: Session, networks: Networks) -> None:
    def create(item: Object) -> None:
        meta = item["metadata"]
        kept = {part: dict(meta[part]) for part in KEPT if meta.get(part)}
        kept["annotations"] = {**kept.get("annotations", {}), CREATED_BY: session.run.id}
        body = {
            "apiVersion": ATTACHMENT_DEFINITION.api_version,
            "kind": ATTACHMENT_DEFINITION.kind,
            "metadata": {"name": meta["name"], "namespace": meta["namespace"], **kept},
            "spec": item.get("spec", {}),
        }
        try:
            session.api.create(ATTACHMENT_DEFINITION, body)
        except Conflict:
            # somebody made it meanwhile: it is the site's
            return

    outcome = for_each(networks.bodies, create, before_batch=session.verify_lock)
    for _item, error in outcome.failed:
        raise error
