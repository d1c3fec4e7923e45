# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clone of a protected claim: a claim of its own with the data of one moment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .names import CLONE, RECOVERY_POINT, RECOVERY_POINT_OF, REMOVED, protected_label

# frozen: the guest flushed its file systems; crash: as after a power failure; off: nothing wrote
Consistency = Literal["frozen", "crash", "off"]


@dataclass(frozen=True)
class CloneFacts:
    """What stands on a clone. claim: of which it was made. owner: kind/namespace/name of whose disks are one set.

    members: claims of the set, names in its namespace. taken: when the snapshot was, ISO 8601.
    """

    claim: str
    owner: str
    members: tuple[str, ...]
    taken: str
    consistency: Consistency

    def as_annotation(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class Clone:
    """pvc: as it was listed or captured."""

    plan: str
    recovery_point: str
    facts: CloneFacts
    pvc: Mapping[str, Any]

    @property
    def namespace(self) -> str:
        return str(self.pvc["metadata"]["namespace"])

    @property
    def name(self) -> str:
        return str(self.pvc["metadata"]["name"])

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def source(self) -> str:
        """namespace/name of the claim that it was made of."""
        return f"{self.namespace}/{self.facts.claim}"

    @property
    def set_key(self) -> tuple[str, str]:
        return self.facts.owner, self.recovery_point

    @property
    def bound(self) -> bool:
        """A capture may hold it without its status."""
        phase = (self.pvc.get("status") or {}).get("phase")
        return phase == "Bound" if phase else bool(self.pvc["spec"].get("volumeName"))

    @property
    def deleted(self) -> bool:
        """Asked for already; a finalizer may hold it for long."""
        return "deletionTimestamp" in self.pvc["metadata"]

    @property
    def removed(self) -> bool:
        """It is on its way out: nothing of its recovery point is gone on with because of it."""
        return self.deleted or REMOVED in (self.pvc["metadata"].get("annotations") or {})

    @property
    def finished(self) -> bool:
        """Protected as the volumes are: the last thing that is written, once the whole set is bound."""
        return (self.pvc["metadata"].get("labels") or {}).get(protected_label(self.plan)) == "true"


def read_clone(pvc: Mapping[str, Any]) -> Clone | None:
    """The clone that a claim is; None for all others, and where what stands on it cannot be read."""
    labels, notes = pvc["metadata"].get("labels") or {}, pvc["metadata"].get("annotations") or {}
    if not {RECOVERY_POINT_OF, RECOVERY_POINT} <= labels.keys():
        return None
    try:
        found = json.loads(notes.get(CLONE, ""))
        facts = CloneFacts(**{**found, "members": tuple(found["members"])})
    except (ValueError, TypeError, KeyError):
        return None
    return Clone(labels[RECOVERY_POINT_OF], labels[RECOVERY_POINT], facts, pvc)
