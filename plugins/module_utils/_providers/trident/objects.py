# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Trident objects that we write. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from ..._cluster.kinds import TRIDENT_ACTION_MIRROR_UPDATE, TRIDENT_MIRROR_RELATIONSHIP
from ..._model.names import PREFIX
from ..csi_addons.objects import ADOPTED
from ..ownership import GROUP_LABEL, PLAN_LABEL, ownership

Object = dict[str, Any]
# "": Trident only looks how the mirror is
State = Literal["promoted", "established", "reestablished", ""]

# on a copy that was promoted after a final sync: the TridentActionMirrorUpdate that proves it
FINAL_SYNC = f"{PREFIX}/final-sync"
# beside it: the source's relationship as it was then, which tells a switch that was cut from one that is long past
HANDED_OVER = f"{PREFIX}/handed-over"


NO_HANDOVER: Mapping[str, str] = MappingProxyType({})


def relationship(plan: str, group: str, namespace: str, claim: str, spec: Object) -> Object:
    """Named after its claim; spec: as `promoted` or `following` make it."""
    return {
        "apiVersion": TRIDENT_MIRROR_RELATIONSHIP.api_version,
        "kind": TRIDENT_MIRROR_RELATIONSHIP.kind,
        "metadata": {"name": claim, "namespace": namespace, "labels": ownership(plan, group)},
        "spec": {"volumeMappings": [{"localPVCName": claim}], **spec},
    }


def promoted() -> Object:
    return {"state": "promoted"}


def following(
    state: Literal["established", "reestablished"], claim: str, remote: str, policy: str, schedule: str
) -> Object:
    """Of a mirror's destination. remote: handle of its source. A promotedSnapshotHandle would be invalid here."""
    spec: Object = {"state": state, "volumeMappings": [{"localPVCName": claim, "remoteVolumeHandle": remote}]}
    return {
        **spec,
        **({"replicationPolicy": policy} if policy else {}),
        **({"replicationSchedule": schedule} if schedule else {}),
    }


def spec_patch(
    plan: str, group: str, spec: Object, handover: Mapping[str, str] = NO_HANDOVER, adopted: bool = False
) -> Object:
    """Merge patch that makes the object ours too. handover: of a planned switch; without it an earlier one's goes."""
    annotations = {FINAL_SYNC: None, HANDED_OVER: None, **handover, **({ADOPTED: "true"} if adopted else {})}
    return {"metadata": {"labels": ownership(plan, group), "annotations": annotations}, "spec": spec}


def look_patch() -> Object:
    """A failed relationship is tried again only when its spec changes; with this one Trident looks and does nothing."""
    return {"spec": {"state": ""}}


def release_patch() -> Object:
    """Merge patch that takes our marks off an object that was there before us."""
    labels = dict.fromkeys((PLAN_LABEL, GROUP_LABEL))
    return {"metadata": {"labels": labels, "annotations": dict.fromkeys((ADOPTED, FINAL_SYNC, HANDED_OVER))}}


def mirror_update(plan: str, group: str, namespace: str, name: str, of: str) -> Object:
    """One update of a mirror to what its source holds. of: the relationship's name."""
    return {
        "apiVersion": TRIDENT_ACTION_MIRROR_UPDATE.api_version,
        "kind": TRIDENT_ACTION_MIRROR_UPDATE.kind,
        "metadata": {"name": name, "namespace": namespace, "labels": ownership(plan, group)},
        "spec": {"tridentMirrorRelationshipName": of},
    }


def handover(update: str, source: Mapping[str, Any]) -> Object:
    """What a planned switch notes on the copy that it promotes. source: the relationship of the other side."""
    return {FINAL_SYNC: update, HANDED_OVER: _stand(source)}


def is_handed_over(copy: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    """Whether the copy was promoted from this source, which has not been asked for anything since."""
    notes = copy["metadata"].get("annotations") or {}
    return bool(notes.get(FINAL_SYNC)) and notes.get(HANDED_OVER) == _stand(source)


def _stand(item: Mapping[str, Any]) -> str:
    return f"{item['metadata'].get('uid')}/{item['metadata'].get('generation')}"


def final_sync_of(item: Mapping[str, Any]) -> str:
    """Name of the update after which the copy was promoted; empty where it was forced, or is no primary of ours."""
    return str((item["metadata"].get("annotations") or {}).get(FINAL_SYNC, ""))
