# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One word of desiredPairState on one object: written, and put back.

The product's objects have no generation in their status, and what nobody has taken up is put back: a switch that an
operator does hours later would take the volumes from running VMs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..._cluster.api import describe as describe_object
from ..._cluster.kinds import Kind
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, Unsupported
from ..object_wait import Key, patient
from .objects import ASKED_AT, NO_NOTES, Desired, Object, ask_patch, note_patch, notes_of
from .side import Side, target
from .status import ANNOTATIONS, DESIRED, LAST_ERROR, LAST_ERROR_TIME, Item, Leg, describe_asked, end, is_running, marks

Target = tuple[Kind, Key]
# how often an object may change between our look and our write: its operator writes to it, too
ATTEMPTS = 5


# a word that stands there already is no news to an operator that looks at changes: what is asked for in between, where
# it changes nothing that is not about to change. `swap-resync` always comes after another word
BETWEEN: Mapping[str, Desired] = MappingProxyType({"pair": "split", "split": "pair", "failover": "split"})


@dataclass(frozen=True)
class Order:
    """before: the object as it was then; None where the same was under way already."""

    target: Target
    desired: Desired
    before: Item | None


@dataclass(frozen=True)
class Seen:
    """What changes with an operation, reported on the group or on the pair. An error stays after a later success."""

    state: tuple[Any, ...]
    errors: tuple[tuple[Any, Any], ...]


def seen(leg: Leg) -> Seen:
    items = (leg.asked, leg.item or {})
    errors = tuple((LAST_ERROR.read(item), LAST_ERROR_TIME.read(item)) for item in items)
    return Seen((end(leg), leg.status, *map(marks, items)), errors)


def place(
    side: Side, of: Target, desired: Desired, notes: Mapping[str, str | None] | None = NO_NOTES, over: bool = False
) -> Order:
    """notes: None for those that are there. over: whatever is under way."""
    kind, (namespace, name) = of
    for attempt in range(ATTEMPTS):
        item = side.api.get(kind, name, namespace)
        left = notes_of(item) if notes is None else notes
        if is_running(Leg(of[1], item)):
            if DESIRED.read(item) == desired and notes_of(item) == left:
                return Order(of, desired, None)
            item = item if over else _once_idle(side, of, desired)
        body = ask_patch(desired, side.api.clock.now().isoformat(), left, item["metadata"]["resourceVersion"])
        try:
            stored = side.api.patch(kind, name, namespace, body)
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        if DESIRED.read(stored) != desired:
            raise Unsupported(
                f"ask for {desired}",
                site=side.site.name,
                on=describe_object(kind, namespace, name),
                seen="the API server has dropped spec.desiredPairState: the installed definition does not know it",
                wanted="a version of the Replication Plug-in with desiredPairState",
                next_step="update the plug-in there",
            )
        return Order(of, desired, item)
    raise AssertionError("a Conflict was raised before")


def put_back(side: Side, placed: Order, legs: Sequence[Leg], seen_before: Mapping[Key, Seen]) -> str:
    """What nobody took up, or what has failed; what became of it, in words. legs: of the order, as they are now.

    seen_before: of all pairs that were waited for. A `failover` is never left there, although it may have been there
    before.
    """
    kind, (namespace, name) = placed.target
    if placed.before is None:
        return f"{name} was under way before, and may still succeed"
    for attempt in range(ATTEMPTS):
        if not legs:
            return f"{name} is not there any more"
        item = legs[0].asked
        if DESIRED.read(item) != placed.desired:
            return ""
        if any(map(is_running, legs)):
            return f"{name} is under way, and may still succeed: see first how it ended"
        untouched = all(seen(leg) == seen_before[leg.key] for leg in legs)
        failed = any(seen(leg).errors != seen_before[leg.key].errors for leg in legs)
        if not untouched and not failed:
            return f"{name} reports its operation ended: see what the array shows"
        asked_at = (ANNOTATIONS.read(placed.before) or {}).get(ASKED_AT)
        before, version = DESIRED.read(placed.before), item["metadata"]["resourceVersion"]
        before = BETWEEN["failover"] if before == placed.desired == "failover" else before
        try:
            body = ask_patch(before, asked_at, notes_of(placed.before), version)
            side.api.patch(kind, name, namespace, body)
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
            legs = by_target(side.legs(seen_before)).get(placed.target, [])
        else:
            why = "nobody took it up" if untouched else "it has failed"
            return f"{why}, and desiredPairState was put back to {before or 'none'}"
    return ""


def by_target(legs: Iterable[Leg]) -> dict[Target, list[Leg]]:
    found = defaultdict[Target, list[Leg]](list)
    for leg in legs:
        if leg.item:
            found[target(leg)].append(leg)
    return found


def note(side: Side, of: Target, notes: Mapping[str, str | None], desired: Desired) -> None:
    """Only while it is asked for what the notes are about."""
    kind, (namespace, name) = of
    for attempt in range(ATTEMPTS):
        item = side.api.get(kind, name, namespace)
        if DESIRED.read(item) != desired:
            raise Conflict(
                f"note that {desired} has ended",
                site=side.site.name,
                on=describe_object(kind, namespace, name),
                seen=f"somebody else asked for {DESIRED.read(item) or 'nothing'}",
                wanted=desired,
                next_step="find out who switches it, then start again",
            )
        try:
            side.api.patch(kind, name, namespace, note_patch(notes, item["metadata"]["resourceVersion"]))
            return
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise


def _once_idle(side: Side, of: Target, desired: Desired) -> Object:
    """Whoever asked for what is under way: it decides who may write, and cannot be taken back."""
    kind, (namespace, name) = of
    item: Object = {}

    def look() -> tuple[bool, str]:
        nonlocal item
        item = side.api.get(kind, name, namespace)
        return not is_running(Leg(of[1], item)), describe_asked(item)

    on = describe_object(kind, namespace, name)
    hint = "see how the operation under way ends, then start again"
    tried = f"ask for {desired} once nothing is under way"
    wait_for(side.api.clock, side.options.timeout, patient(look), tried, side.site.name, on, hint)
    return item
