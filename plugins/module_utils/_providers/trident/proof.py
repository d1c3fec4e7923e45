# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What proves that a copy held everything when it was promoted, as the objects of both sides still show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._model.group_status import SyncProof
from ..object_wait import Key
from .objects import final_sync_of
from .side import Mirror, Side, shown
from .status import ACTION_LOCAL, ACTION_REMOTE, ACTION_STATE, follows, handle, is_primary, remote_of
from .sync import updates_of


def prove(side: Side, there: Side, mirrors: Sequence[Mirror]) -> SyncProof:
    """side: of the source, which is a mirror by now; there: of the copy that was promoted."""
    target = there.site.name
    missing: list[str] = []
    updates = updates_of(there, sorted({mirror.key[0] for mirror in mirrors}))
    for mirror, copy in zip(mirrors, there.matched([mirror.key for mirror in mirrors]), strict=True):
        if not is_primary(copy.item) or not follows(mirror.item, handle(copy.item or {})):
            raise side.refused(
                "prove the final sync",
                mirror,
                f"{shown(mirror)}; at {target}: {shown(copy)}",
                f"a mirror of {target}: what can still be written proves nothing",
                "demote it first",
            )
        if why := _without_proof(copy, updates):
            missing.append(f"{copy.volume}: {why}")
    return SyncProof(
        side.group.name,
        holds=not missing,
        compared=f"two TridentActionMirrorUpdates of each volume, one after the other, Succeeded before {target} was"
        " promoted; no content was compared",
        source=f"{len(mirrors)} volumes, each sent by its updates before it became a mirror of {target}",
        target=f"not proven: {'; '.join(missing)}" if missing else "promoted after the update that each names",
        at=side.api.clock.now().isoformat(),
        volumes=len(mirrors),
    )


def _without_proof(copy: Mirror, updates: Mapping[Key, Mapping[str, Any]]) -> str:
    """Why nothing shows that the copy had everything; empty where its update does."""
    item = copy.item or {}
    name = final_sync_of(item)
    if not name:
        return "promoted without a final sync"
    update = updates.get((copy.key[0], name))
    if update is None:
        return f"update {name} is gone"
    if ACTION_STATE.read(update) != "Succeeded":
        return f"update {name} is {ACTION_STATE.read(update) or 'not begun'}"
    volumes = ACTION_LOCAL.read(update), ACTION_REMOTE.read(update)
    return "" if volumes == (handle(item), remote_of(item)) else f"update {name} is of other volumes"
