# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The final sync of a planned move, after the demotion of the source.

Journals need more than their positions. Where its link was cut in the middle of a replay and the image has been opened
anew since (a VM that was restarted, a demotion), rbd-mirror 16.2.15 goes on at the newest part of the journal, leaves
out what is before it, and reports no entry behind: seen on the lab with 447 of 511 MiB missing.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ..._errors import Refused, TerminalState
from ..._model.group_status import SyncProof
from ..site_handle import Tell
from .contents import difference, read_both
from .lineage import AND_DATA, COMPARED, is_journaled
from .side import Side, some
from .switch import counterpart, remedy_of_gap, wait_arrived

TRIED = "prove the final sync"


def final_sync(source: Side, target: Side, tell: Tell) -> list[SyncProof]:
    """A proof for each of the groups. tell: how far the data is compared."""
    source.check_all_mirrored(TRIED)
    target.check_all_mirrored(TRIED)
    if source.primaries:
        raise Refused(
            TRIED,
            site=source.site,
            on=source.on,
            seen=f"primary: {some(source.primaries)}",
            wanted="secondary: what is still writable proves nothing",
            next_step="demote the group first",
        )
    found, source, target = wait_arrived(TRIED, source, target, target.options.timeout)
    read = _check_data(source, target, tell)
    return [
        SyncProof(
            name,
            holds=all(found[image].holds for image in images),
            compared=COMPARED[source.options.mode] + (AND_DATA if read else ""),
            source=some(images, lambda image: f"{image}: {found[image].source}"),
            target=some(images, lambda image: f"{image}: {found[image].target}"),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            volumes=len(images),
        )
        for name, images in target.members.items()
    ]


def _check_data(source: Side, target: Side, tell: Tell) -> bool:
    """Refuse copies that lie behind a gap, which positions do not show; whether there were any that had to be read."""
    if target.options.proof != "data":
        return False
    journaled = {image for image in source.images if is_journaled(source.seen.images[image])}
    if not journaled:
        return False
    others = {image: counterpart(target, image) for image in journaled}
    sides = source.narrowed(journaled), target.narrowed(others.values())
    held, copied = read_both(*sides, target.options.timeout, tell)
    found = {others[image]: difference(held[image], copied[others[image]]) for image in journaled}
    differing = [image for image, words in found.items() if words]
    if differing:
        raise TerminalState(
            TRIED,
            site=target.site,
            on=target.on,
            seen=f"{len(differing)} of {len(found)} images do not hold {source.site}'s data: "
            + some(differing, lambda image: f"{image} has {found[image]}"),
            wanted="the same data at both sites, as both journals are at their end",
            next_step=remedy_of_gap(source.site, target.site),
        )
    return True
