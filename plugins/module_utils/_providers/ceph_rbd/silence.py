# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies whose peer is silent: a failover may come next, and rbd-mirror's word may be of before a sync was cut off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..._errors import DrError
from .cluster import Cluster
from .images import Image
from .seen import Seen


def look(cluster: Cluster, images: Iterable[Image]) -> Seen:
    """What is known of the images; of such copies with their mirror snapshots."""
    seen = cluster.look(images)
    alone = [image for image, facts in seen.images.items() if _follows_silence(facts)]
    if not alone:
        return seen
    try:
        more = cluster.look(alone, history=True)
    except DrError:
        # it only makes the bound of a loss surer
        return seen
    return replace(seen, images={**seen.images, **more.images})


def _follows_silence(facts: Mapping[str, Any]) -> bool:
    mirror = facts.get("mirror")
    if mirror is None or mirror["state"] != "enabled" or mirror["primary"] or mirror["mode"] != "snapshot":
        return False
    return not any(peer["up"] for peer in facts["peers"])
