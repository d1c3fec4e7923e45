# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Final sync of mirrors by TridentActionMirrorUpdates, and what such an update proves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..._cluster.bulk import for_each
from ..._cluster.kinds import TRIDENT_ACTION_MIRROR_UPDATE
from ..object_wait import Awaited, Key, settle
from ..ownership import GROUP_LABEL, PLAN_LABEL
from ..sure_writes import create_surely
from .objects import mirror_update
from .side import HINT, Mirror, Side
from .status import ACTION_OF, ACTION_STATE, condition, judge_update

Object = dict[str, Any]
# Trident takes the end of any transfer after its start for the update's success, also of a transfer that had begun
# before. The second update ends with a transfer that began after the first one's had ended
UPDATES = 2
SYNCHRONOUS = "Sync"


def send_rest(side: Side, mirrors: Sequence[Mirror]) -> dict[Key, str]:
    """Bring the mirrors to what their sources hold; the name of the update that proves it, by claim.

    side: of the mirrors' destinations.
    """
    check_asynchronous(side, mirrors)
    _forget(side, mirrors)
    names: dict[Key, str] = {}
    for _number in range(UPDATES):
        names = _update(side, mirrors)
    return names


def check_asynchronous(side: Side, mirrors: Sequence[Mirror]) -> None:
    for mirror in mirrors:
        if mirror.item and condition(mirror.item).policy == SYNCHRONOUS:
            raise side.refused(
                "send the rest",
                mirror,
                f"SnapMirror policy {SYNCHRONOUS}: Trident updates no synchronous mirror, nor does it say whether it is"
                " in sync",
                "an asynchronous policy",
                "make the mirror with an asynchronous policy; nothing was changed",
            )


def _update(side: Side, mirrors: Sequence[Mirror]) -> dict[Key, str]:
    """A new object each time: an update is run once, and one that a restart of Trident met has failed."""
    plan, group = side.site.plan.name, side.group.name
    stamp = f"{side.api.clock.now():%Y%m%d%H%M%S%f}"
    names = {mirror.key: f"{mirror.object_key[1]}-{stamp}" for mirror in mirrors}

    def create(mirror: Mirror) -> Object:
        body = mirror_update(plan, group, mirror.key[0], names[mirror.key], mirror.object_key[1])
        return create_surely(side.api, TRIDENT_ACTION_MIRROR_UPDATE, body)

    for _mirror, error in for_each(mirrors, create).failed:
        raise error
    wanted = {(key[0], name): 0 for key, name in names.items()}
    namespaces = sorted({key[0] for key in names})
    tried = f"send the rest of group {group}"
    settle(
        side.api,
        TRIDENT_ACTION_MIRROR_UPDATE,
        wanted,
        Awaited("Succeeded", judge_update, HINT),
        partial(updates_of, side, namespaces),
        side.options.timeout,
        tried,
    )
    return names


def _forget(side: Side, mirrors: Sequence[Mirror]) -> None:
    """Updates of earlier switches, which prove nothing any more."""
    of = {mirror.object_key for mirror in mirrors}
    old = [
        (key, item)
        for key, item in updates_of(side, sorted({mirror.key[0] for mirror in mirrors})).items()
        if (key[0], ACTION_OF.read(item)) in of and ACTION_STATE.read(item) in ("Succeeded", "Failed")
    ]

    def delete(entry: tuple[Key, Mapping[str, Any]]) -> None:
        (namespace, name), item = entry
        side.api.delete(TRIDENT_ACTION_MIRROR_UPDATE, name, namespace, item["metadata"]["uid"])

    for _entry, error in for_each(old, delete).failed:
        raise error


def updates_of(side: Side, namespaces: Sequence[str]) -> dict[Key, Mapping[str, Any]]:
    """Of ours all that are at the site."""
    labels = f"{PLAN_LABEL}={side.site.plan.name},{GROUP_LABEL}={side.group.name}"
    return {
        (namespace, item["metadata"]["name"]): item
        for namespace in namespaces
        for item in side.api.list(TRIDENT_ACTION_MIRROR_UPDATE, namespace, labels=labels)
    }
