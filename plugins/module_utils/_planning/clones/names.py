# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and labels of snapshots and clones: made from what they are of, so that they are found again. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ..._model.clone import Clone, read_clone
from ..._model.names import CLONE_OF, RECOVERY_POINT, RECOVERY_POINT_OF
from ..._model.plan import Plan

# of a label's value, and of what products make of a claim's name
LONGEST = 63
POINT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?")


def point_name(now: datetime) -> str:
    """A new recovery point's."""
    return now.astimezone(UTC).strftime("%Y%m%dt%H%M%Sz")


def clone_name(claim: str, point: str) -> str:
    return _short(claim, f"-{point}")


def snapshot_name(owner_name: str, point: str) -> str:
    """Of the snapshot of a VM or of a claim, both in its namespace."""
    return _short(owner_name, f"-{point}")


def clones_among(claims: Iterable[Mapping[str, Any]], plan: str) -> list[Clone]:
    """The plan's. P8: a claim that has our labels and not the name that belongs to them was made by somebody else."""
    found = [clone for item in claims if (clone := read_clone(item))]
    return [
        clone
        for clone in found
        if clone.plan == plan and clone.name == clone_name(clone.facts.claim, clone.recovery_point)
    ]


def labels_of_point(plan: str, point: str) -> dict[str, str]:
    return {RECOVERY_POINT_OF: plan, RECOVERY_POINT: point}


def labels_of_clone(plan: Plan, point: str, claim: str, of_claim: Mapping[str, str]) -> dict[str, str]:
    """Of the claim's own labels what the groups look at, and no other: those of Argo CD would make it Argo CD's."""
    wanted = {key for group in plan.groups for key in group.selector.keys}
    kept = {key: value for key, value in of_claim.items() if key in wanted}
    return {**kept, **labels_of_point(plan.name, point), CLONE_OF: _short(claim, "")}


def _short(name: str, end: str) -> str:
    """Names that are too long are cut, and told apart by a digest of the whole."""
    whole = f"{name}{end}"
    if len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST - len(end) - 9].rstrip('-.')}-{digest}{end}"
