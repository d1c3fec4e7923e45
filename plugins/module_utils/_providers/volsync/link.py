# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sends and who takes in: what of a pair of sites has to be made or patched for a direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..._cluster.kinds import REPLICATION_DESTINATION, REPLICATION_SOURCE, Kind
from .checks import existing
from .objects import (
    Object,
    listen_patch,
    mover_patch,
    pause_patch,
    replication_destination,
    replication_source,
    send_patch,
)
from .side import Key, Side
from .status import ADDRESS, DELETION, LAST_SYNC, MANUAL, MOVER, PAUSED, SCHEDULE, SENDS_TO, Pair


def take_over(side: Side, pairs: Sequence[Pair]) -> None:
    """The site's copy becomes the primary; nothing is sent yet where there was no ReplicationSource.

    First the word that it is, then the end of the listener: one that is killed between finds both, and goes on.
    """
    side.create(REPLICATION_SOURCE, [source_of(side, pair.claim) for pair in pairs if pair.source is None])
    stood_down = [pair for pair in pairs if pair.sending == "demoted"]
    side.patch(
        REPLICATION_SOURCE, stood_down, lambda pair: send_patch(side.options.schedule, _address(pair.source, SENDS_TO))
    )
    close(side, pairs)


def close(side: Side, pairs: Sequence[Pair]) -> bool:
    """Take nothing in any more, and prove it; whether something listened."""
    listening = [pair for pair in pairs if pair.listens]
    side.patch(REPLICATION_DESTINATION, listening, lambda _pair: pause_patch(True))
    side.await_no_mover([pair.claim for pair in pairs if pair.destination])
    return bool(listening)


def give_way(side: Side, pairs: Sequence[Pair]) -> bool:
    """The site's copies take in what the peer sends; whether something had to be changed."""
    sources = [pair.source for pair in pairs if pair.source]
    side.delete(REPLICATION_SOURCE, sources)
    side.settle(
        [pair.claim for pair in pairs if pair.source],
        lambda pair: pair.source is None,
        f"take the ReplicationSources of group {side.group.name} away",
        "look at their finalizers",
    )
    missing = [pair for pair in pairs if pair.destination is None]
    side.create(REPLICATION_DESTINATION, [destination_of(side, pair.claim, paused=False) for pair in missing])
    deaf = [pair for pair in pairs if pair.destination and not _takes_in(pair.destination)]
    side.patch(REPLICATION_DESTINATION, deaf, lambda _pair: listen_patch(paused=False))
    return bool(sources or missing or deaf)


def prepare_return(side: Side, pairs: Sequence[Pair]) -> bool:
    """A paused ReplicationDestination at the primary: a planned move back needs its address at once."""
    missing = [pair for pair in pairs if pair.destination is None]
    side.create(REPLICATION_DESTINATION, [destination_of(side, pair.claim, paused=True) for pair in missing])
    return bool(missing)


def await_addresses(side: Side, keys: Sequence[Key]) -> None:
    side.settle(
        keys,
        lambda pair: bool(_address(pair.destination, ADDRESS)),
        f"wait for the addresses of group {side.group.name}",
        "look whether VolSync's operator runs there, at the Service of the ReplicationDestination, at service_type and"
        " at the Secret that the options name",
    )


def send(side: Side, pairs: Sequence[Pair], there: Sequence[Pair]) -> bool:
    """The primary sends to the addresses there are at the peer; whether something had to be changed."""
    to: Mapping[Key, str] = {pair.claim: _address(pair.destination, ADDRESS) for pair in there}
    todo = [pair for pair in pairs if pair.source and not _sends(side, pair.source, to.get(pair.claim, ""))]
    side.patch(REPLICATION_SOURCE, todo, lambda pair: send_patch(side.options.schedule, to.get(pair.claim, "")))
    return bool(todo)


def mend(side: Side, pairs: Sequence[Pair]) -> bool:
    """The movers are as the plan's options say by now; whether something had to be changed."""
    changed = False
    for kind in (REPLICATION_SOURCE, REPLICATION_DESTINATION):
        change = partial(_mover_change, side, kind)
        todo = [pair for pair in pairs if change(pair)]
        side.patch(kind, todo, change)
        changed = changed or bool(todo)
    return changed


def set_paused(side: Side, paused: bool) -> bool:
    """Of what is at work at the site by its role."""
    pairs = existing(side, "pause" if paused else "resume")
    side.check_ours(pairs)
    changed = False
    for kind, chosen in (
        (REPLICATION_SOURCE, [pair for pair in pairs if pair.source]),
        (REPLICATION_DESTINATION, [pair for pair in pairs if pair.destination and not pair.source]),
    ):
        todo = [pair for pair in chosen if bool(PAUSED.read(pair.source or pair.destination or {})) != paused]
        side.patch(kind, todo, lambda _pair: pause_patch(paused))
        changed = changed or bool(todo)
    return changed


def follows(mine: Pair, theirs: Pair) -> bool:
    """Whether the copy at a site takes in what the primary at the other sends, by what both say they are told."""
    return (
        mine.sending == "none"
        and mine.destination is not None
        and _takes_in(mine.destination)
        and theirs.source is not None
        and bool(_address(theirs.source, SENDS_TO))
        and _address(theirs.source, SENDS_TO) == _address(mine.destination, ADDRESS)
        and not PAUSED.read(theirs.source)
        and not MANUAL.read(theirs.source)
    )


def has_synced(mine: Pair, theirs: Pair) -> bool:
    """Whether something has been sent, and has arrived."""
    both = (mine.destination, theirs.source)
    return all(item is not None and LAST_SYNC.read(item) for item in both)


def source_of(side: Side, claim: Key) -> Object:
    return replication_source(side.site.plan.name, side.group.name, claim, side.options, "")


def destination_of(side: Side, claim: Key, paused: bool) -> Object:
    return replication_destination(side.site.plan.name, side.group.name, claim, side.options, paused)


def _mover_change(side: Side, kind: Kind, pair: Pair) -> Object:
    is_source = kind is REPLICATION_SOURCE
    item = pair.source if is_source else pair.destination
    if item is None:
        return {}
    wanted = source_of(side, pair.claim) if is_source else destination_of(side, pair.claim, paused=False)
    return mover_patch(MOVER.read(item) or {}, MOVER.read(wanted))


def _takes_in(item: Mapping[str, Any]) -> bool:
    return not PAUSED.read(item) and not MANUAL.read(item) and not DELETION.read(item)


def _sends(side: Side, item: Mapping[str, Any], address: str) -> bool:
    """Whether nothing is to be patched. A primary whose peer has no address keeps the one it had."""
    on = not PAUSED.read(item) and SENDS_TO.read(item) == address
    return (on or not address) and SCHEDULE.read(item) == side.options.schedule and not MANUAL.read(item)


def _address(item: Mapping[str, Any] | None, field: Any) -> str:
    return str(field.read(item) or "") if item else ""
