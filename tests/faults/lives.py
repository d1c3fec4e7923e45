# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where VMs lived when, told from the watches on both sites and from the guests' disks; who lived twice at once. Pure.

Times are seconds of the machine's one clock: what an API server and a disk tell can be compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from math import inf
from typing import Any

from ocpvirt_lab.start_history import VMI, Seen


@dataclass(frozen=True)
class Life:
    """who: uid of the VMI, which is the guest's boot id too. until: infinite while it lives."""

    vm: str
    site: str
    who: str
    since: float
    until: float = inf


@dataclass(frozen=True)
class Outage:
    """All processes of a site were killed, and started again on what they had left.

    known: until then whatever the site starts by itself is the fault's own doing: no run has been asked to stop it yet.
    """

    site: str
    lost: float
    back: float = inf
    known: float = inf


def lives_at(site: str, events: Iterable[Seen], until: float = inf, kind: str = VMI) -> list[Life]:
    """From the events of one watch: a VMI, or another object, lives from its first event on until it is gone.

    until: when the site was killed, or was seen again by another watch; what lived then has ended for this one.
    """
    found: list[Life] = []
    living: dict[str, Life] = {}
    for event in sorted((event for event in events if event.kind == kind), key=lambda event: event.revision):
        uid = event.object["metadata"]["uid"] if event.object is not None else None
        before = living.get(event.key)
        if before is not None and before.who != uid:
            found.append(replace(living.pop(event.key), until=event.at))
        if uid is not None and event.key not in living:
            living[event.key] = Life(event.key, site, uid, event.at)
    return [*found, *(replace(life, until=until) for life in living.values())]


def lives_on(volumes: Iterable[Mapping[str, Any]], known: Iterable[Life] = ()) -> list[Life]:
    """From the boots on disks and from what is known of them: a guest lives from its first record to its last."""
    found = {(life.vm, life.who): life for life in known}
    for volume in volumes:
        for boot in volume["boots"]:
            life = Life(volume["vm"], boot["site"], boot["boot"], _seconds(boot["first_t"]), _seconds(boot["last_t"]))
            before = found.get((life.vm, life.who), life)
            since, until = min(before.since, life.since), max(before.until, life.until)
            found[life.vm, life.who] = replace(life, since=since, until=until)
    return list(found.values())


def double_lives(lives: Iterable[Life], outages: Sequence[Outage] = ()) -> list[str]:
    """Pairs that lived at once. A killed site's VMs do not live, and what it starts by itself is known for a while."""
    pieces = defaultdict(list)
    for life in lives:
        pieces[life.vm] += [piece for piece in _cut(life, outages) if not _is_known(piece, outages)]
    found = {}
    for vm, those in sorted(pieces.items()):
        for one, other in combinations(sorted(those, key=lambda life: life.since), 2):
            if one.who != other.who and other.since < one.until:
                found[vm, one.who, other.who] = _tell(one, other)
    return list(found.values())


def made_again(lives: Iterable[Life], site: str, since: float, until: float) -> list[str]:
    """What began to live more than once at a site in that time: a run makes and starts each VM only once."""
    begun = defaultdict(set)
    for life in lives:
        if life.site == site and since <= life.since < until:
            begun[life.vm].add(life.who)
    return [f"{vm} began {len(who)} times at {site}" for vm, who in sorted(begun.items()) if len(who) > 1]


def _cut(life: Life, outages: Sequence[Outage]) -> list[Life]:
    """What is left of a life without the times at which its site was down."""
    left = [life]
    for outage in outages:
        if outage.site == life.site:
            before = [replace(piece, until=min(piece.until, outage.lost)) for piece in left]
            after = [replace(piece, since=max(piece.since, outage.back)) for piece in left]
            left = [piece for piece in before + after if piece.since < piece.until]
    return left


def _is_known(piece: Life, outages: Sequence[Outage]) -> bool:
    return any(outage.site == piece.site and outage.back <= piece.since < outage.known for outage in outages)


def _tell(one: Life, other: Life) -> str:
    overlap = min(one.until, other.until) - other.since
    return (
        f"{one.vm} lived at {one.site} ({one.who}) and at {other.site} ({other.who}) at once: "
        + ("still does" if overlap == inf else f"for {overlap:.1f} s")
        + f", from {datetime.fromtimestamp(other.since).isoformat(timespec='seconds')} on"
    )


def _seconds(text: str) -> float:
    """RFC 3339 with nanoseconds, which Python 3.11 reads only down to microseconds."""
    head, _dot, rest = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{head}.{rest[:6] or '0'}+00:00").timestamp()
