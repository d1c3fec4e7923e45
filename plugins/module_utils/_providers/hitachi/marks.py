# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan's marks on the Replications of its claims, and on their ReplicationGroups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..._cluster.bulk import for_each
from ..._cluster.kinds import HITACHI_REPLICATION, HITACHI_REPLICATION_GROUP
from .objects import Object, mark_patch
from .order import Target
from .side import Side
from .status import Leg, owner


def take(side: Side, legs: Sequence[Leg]) -> bool:
    """Those that belong to nobody; whether there were some."""
    free = dict.fromkeys(of for of, plan in _owned(legs) if not plan)
    _patch(side, free, mark_patch(side.site.plan.name, side.group.name))
    return bool(free)


def give_back(side: Side) -> bool:
    mine = ours(side)
    _patch(side, mine, mark_patch(None, None))
    return bool(mine)


def ours(side: Side) -> list[Target]:
    legs = side.legs(side.keys())
    return list(dict.fromkeys(of for of, plan in _owned(legs) if plan == side.site.plan.name))


def _owned(legs: Iterable[Leg]) -> Iterator[tuple[Target, str]]:
    """Each object with the plan that it belongs to."""
    for leg in legs:
        for kind, item in ((HITACHI_REPLICATION, leg.item), (HITACHI_REPLICATION_GROUP, leg.group)):
            if item:
                yield (kind, (item["metadata"]["namespace"], item["metadata"]["name"])), owner(item)


def _patch(side: Side, targets: Iterable[Target], body: Object) -> None:
    def patch(of: Target) -> None:
        kind, (namespace, name) = of
        side.api.patch(kind, name, namespace, body)

    for _of, error in for_each(targets, patch).failed:
        raise error
