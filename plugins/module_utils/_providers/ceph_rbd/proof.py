# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups whose images follow nothing: demoted ones, of which a look at both sites proves where their data is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..._errors import DrError
from ..._model.group_status import VolumeStatus
from .side import Side
from .switch import arrivals, counterpart


def follows_nothing(volumes: Sequence[VolumeStatus]) -> bool:
    return bool(volumes) and all(item.role == "secondary" and item.direction == "none" for item in volumes)


def with_proof(volumes: Sequence[VolumeStatus], here: Side, there: Side) -> list[VolumeStatus]:
    """volumes: of all images here, in their order."""
    try:
        here.check_all_mirrored("observe")
        there.check_all_mirrored("observe")
    except DrError as error:
        return without_proof(volumes, error)
    found = arrivals(here, there)
    if there.primaries or not all(item.holds for item in found.values()):
        return list(volumes)
    if all(item.is_copy for item in found.values()):
        return [replace(item, message="the peer is demoted too") for item in volumes]
    arrived = [found[counterpart(there, image)] for image in sorted(here.images)]
    return [
        replace(item, health="healthy", sync_proof=f"the other site holds its {one.source}", message="")
        for item, one in zip(volumes, arrived, strict=True)
    ]


def without_proof(volumes: Sequence[VolumeStatus], error: DrError) -> list[VolumeStatus]:
    """Without the other site's word there is none."""
    return [replace(volumes[0], message=f"{volumes[0].message}; no proof: {error}"), *volumes[1:]]
