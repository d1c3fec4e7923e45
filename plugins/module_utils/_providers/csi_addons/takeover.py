# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose the replication objects are, and what has to be true of one that is made ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..._cluster.api import describe
from ..._errors import Conflict
from .listing import Unit
from .objects import claim_selector
from .side import Side
from .status import AUTO_RESYNC, VGR_CLASS, VGR_SELECTOR, VGR_VR_CLASS, VR_CLASS, owner

Object = dict[str, Any]


def ours(side: Side, units: Iterable[Unit]) -> list[Unit]:
    return [unit for unit in units if unit.item and owner(unit.item) == side.site.plan.name]


def check_ours(side: Side, units: Iterable[Unit]) -> None:
    """P8: what we did not make is taken over only if it replicates the same by the same class."""
    _check(side, units, _differences)


def check_adoptable(side: Side, units: Iterable[Unit]) -> None:
    """The same before a group is protected, when there is time to ask whose it is: then all has to be as in the plan.

    A switch takes it over with another permission, and sets it as the plan has it.
    """
    _check(side, units, lambda side, item: [*_differences(side, item), *_permission(side, item)])


def permits_otherwise(side: Side, unit: Unit) -> bool:
    """Whether the product may, or may not, throw the copy away by itself against what the plan says."""
    return unit.item is not None and bool(AUTO_RESYNC.read(unit.item)) != side.options.auto_resync


def _check(side: Side, units: Iterable[Unit], differences: Callable[[Side, Object], list[str]]) -> None:
    for unit in units:
        if unit.item is None:
            continue
        wrong = differences(side, unit.item)
        plan = owner(unit.item)
        if plan not in ("", side.site.plan.name):
            wrong.append(f"it belongs to plan {plan}")
        if wrong:
            raise Conflict(
                "take over what replicates the volume",
                site=side.site.name,
                on=describe(side.kind, *unit.object_key),
                seen="; ".join(wrong),
                wanted="absent, or as the plan has it",
                next_step="it was not touched: find out whose it is; correct the plan, or end that replication",
            )


def _permission(side: Side, item: Object) -> list[str]:
    found, wanted = bool(AUTO_RESYNC.read(item)), side.options.auto_resync
    if owner(item) or found == wanted:
        return []
    return [f"{AUTO_RESYNC.path} is {str(found).lower()}, wanted {str(wanted).lower()} (options.auto_resync)"]


def _differences(side: Side, item: Object) -> list[str]:
    options = side.options
    if side.per_group:
        wanted = {
            VGR_CLASS: options.group_class,
            VGR_VR_CLASS: options.class_name,
            VGR_SELECTOR: claim_selector(side.site.plan.name, side.group.selector),
        }
    else:
        wanted = {VR_CLASS: options.class_name}
    return [
        f"{field.path} is {field.read(item)}, wanted {value}"
        for field, value in wanted.items()
        if field.read(item) != value
    ]
