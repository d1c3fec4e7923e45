# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery points that are there: which one is gone on with, which clones are too many. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..._model.clone import Clone
from ..._model.names import RECOVERY_POINT
from .names import point_name

# an older one that was killed is not gone on with: its name would promise a moment that its clones are not of
RESUMED_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Chosen:
    """name: of the point that is made. resumed: it was begun before."""

    name: str
    resumed: bool


def choose_point(asked: str, snapshots: Iterable[Mapping[str, Any]], clones: Iterable[Clone], now: datetime) -> Chosen:
    """The one that was asked for, else the newest that was begun lately and not ended, else a new one."""
    begun: dict[str, datetime] = {}
    pieces = [(item["metadata"]["labels"][RECOVERY_POINT], item["metadata"]) for item in snapshots]
    pieces += [
        (clone.recovery_point, clone.pvc["metadata"]) for clone in clones if not clone.finished and not clone.removed
    ]
    for name, meta in pieces:
        made = datetime.fromisoformat(meta["creationTimestamp"]) if "creationTimestamp" in meta else now
        begun[name] = min(made, begun.get(name, made))
    if asked:
        return Chosen(asked, asked in begun)
    recent = [name for name, made in begun.items() if now - made < RESUMED_FOR]
    newest = max(recent, key=lambda name: (begun[name], name), default="")
    return Chosen(newest, True) if newest else Chosen(point_name(now), False)


def whole_sets(clones: Iterable[Clone]) -> dict[tuple[str, str], list[Clone]]:
    """(owner, point) to the clones of sets of which nothing is missing."""
    return {key: found for key, found in _by_set(clones).items() if _is_whole(found)}


def surplus(clones: Sequence[Clone], keep: int, coming: Collection[str] = ()) -> list[Clone]:
    """Finished clones that go: sets beyond the newest ones of their owner, and what is left of broken ones that are
    older than those.

    coming: owners of which one more set is about to be made.
    """
    finished = [clone for clone in clones if clone.finished and not clone.removed]
    whole = whole_sets(finished)
    kept: dict[str, list[str]] = defaultdict(list)
    for (owner, _point), found in whole.items():
        kept[owner].append(_taken(found))
    gone = []
    for (owner, _point), found in _by_set(finished).items():
        newer = sum(taken > _taken(found) for taken in kept[owner]) + (owner in coming)
        if newer >= keep:
            gone += found
    return sorted(gone, key=lambda clone: (clone.facts.taken, clone.key))


def leftovers(clones: Iterable[Clone], point: str = "") -> list[Clone]:
    """Clones that no one finished. point: which is still being made."""
    return [clone for clone in clones if not clone.finished and not clone.deleted and clone.recovery_point != point]


def _by_set(clones: Iterable[Clone]) -> dict[tuple[str, str], list[Clone]]:
    found: dict[tuple[str, str], list[Clone]] = defaultdict(list)
    for clone in clones:
        found[clone.set_key].append(clone)
    return dict(found)


def _is_whole(found: Sequence[Clone]) -> bool:
    made = {clone.facts.claim for clone in found if clone.finished and clone.bound}
    return all(set(clone.facts.members) <= made for clone in found)


def _taken(found: Sequence[Clone]) -> str:
    return max(clone.facts.taken for clone in found)
