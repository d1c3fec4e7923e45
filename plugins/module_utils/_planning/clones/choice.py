# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clone stands for which volume when an older state is restored. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..._errors import Refused
from ..._model.capture import Capture
from ..._model.clone import Clone, read_clone
from ..._model.finding import Finding
from ..._model.names import SET_ASIDE
from .names import clones_among
from .recovery_points import whole_sets
from .sets import sets_of

VMS = "virtualmachines.kubevirt.io"
CLAIMS = "persistentvolumeclaims"


@dataclass(frozen=True)
class RecoveryPoint:
    """clones: namespace/name of a claim to its clone. missing: claims of VMs that have none.

    taken: of the oldest clone.
    """

    name: str
    taken: str
    clones: Mapping[str, Clone]
    missing: tuple[str, ...]


def point_findings(capture: Capture, point: RecoveryPoint) -> Iterator[Finding]:
    """What VMs start from, and what has no clone in it and comes as it was last."""
    facts = [clone.facts for clone in point.clones.values()]
    newest = max(item.taken for item in facts)
    held = ", ".join(f"{number} {how}" for how, number in sorted(Counter(item.consistency for item in facts).items()))
    yield Finding(
        "info",
        "RecoveryPointTaken",
        f"recovery point {point.name}",
        f"{len(facts)} volumes as they were between {point.taken or '(unknown)'} and {newest or '(unknown)'} ({held});"
        " what was written later stays in the newest copies, in claims named like the clones",
        "docs/recovery_points.md says how to read them, and the way back",
    )
    for key, pvc in sorted(capture.index(CLAIMS).items()):
        if key not in point.clones and not read_clone(pvc) and SET_ASIDE not in (pvc["metadata"].get("labels") or {}):
            yield Finding(
                "warning",
                "NotInRecoveryPoint",
                f"PersistentVolumeClaim/{key}",
                f"recovery point {point.name} has no clone of it: it comes with its newest data",
                "look at it before you trust it; what only pods use may be missing, a VM's disk never",
            )


def recovery_points(plan: str, capture: Capture) -> list[RecoveryPoint]:
    """Those whose clones a capture holds, the newest first. Only whole sets count: all disks of a VM, or none."""
    whole = whole_sets(clones_among(capture.objects.get(CLAIMS, ()), plan))
    vms = capture.index(VMS)
    own = {key: pvc for key, pvc in capture.index(CLAIMS).items() if not read_clone(pvc)}
    wanted = {claim for owned in sets_of(vms, own) if owned.vm for claim in owned.keys}
    points: dict[str, dict[str, Clone]] = {}
    for (_owner, point), found in whole.items():
        points.setdefault(point, {}).update({clone.source: clone for clone in found})
    known = [
        RecoveryPoint(
            name, min(clone.facts.taken for clone in found.values()), found, tuple(sorted(wanted - found.keys()))
        )
        for name, found in points.items()
    ]
    return sorted(known, key=lambda point: (point.taken, point.name), reverse=True)


def older_points(plan: str, capture: Capture, point: RecoveryPoint) -> list[str]:
    """Names of those before it that have all clones, the newest first."""
    known = recovery_points(plan, capture)
    return [item.name for item in known if item.taken < point.taken and not item.missing]


def choose_clones(plan: str, capture: Capture, point: str = "") -> RecoveryPoint:
    """The named recovery point, or the newest: of the moment just before the capture. Refused where there is none."""
    known = recovery_points(plan, capture)
    for found in known:
        if point in ("", found.name):
            return found
    raise Refused(
        f"find the recovery point {point}".rstrip(),
        on=f"capture {capture.name}",
        seen=", ".join(item.name for item in known) or "no clone of a volume in it",
        wanted=point or "at least one, taken by protect with snapshots in the plan",
        next_step="choose one of those",
    )
