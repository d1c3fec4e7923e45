# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a decision changes of a volume and its claim, field by field, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from .compare import changed
from .patch import VolumeDecision
from .source import field_name

# of a value as it is shown: node affinities and products' notes are long
LONGEST = 120
# the same few fields for thousands of volumes
_name_of = lru_cache(maxsize=1024)(field_name)

# bound anew by name, whatever the volume; what it was bound to tells nobody anything
_NOT_SHOWN = ("claimRef",)
_PV_REASONS = {
    "nodeAffinity": "it names nodes or zones of the other site",
    "persistentVolumeReclaimPolicy": "the data stays when the claim goes",
}
_PVC_REASONS = {"dataSource": "nothing populates a replica", "dataSourceRef": "nothing populates a replica"}


@dataclass(frozen=True, slots=True)
class Change:
    """kind: of the object. now: where the volume is, then: at the target; None: absent. why: what decides it."""

    kind: str
    field: str
    now: Any
    then: Any
    why: str

    def __str__(self) -> str:
        of = "" if self.kind == "PersistentVolume" else "claim: "
        return f"{of}{self.field}: {_shown(self.now)} -> {_shown(self.then)} ({self.why})"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def changes_of(pv: Mapping[str, Any], pvc: Mapping[str, Any] | None, decision: VolumeDecision) -> list[Change]:
    """pv, pvc: as they are at their site. What only ties them to their old cluster is not listed: uids and the like."""
    found = [
        Change("PersistentVolume", _name_of(path), now, then, _why(path, decision))
        for path, now, then in changed(pv["spec"], decision.pv["spec"])
        if path[0] not in _NOT_SHOWN
    ]
    noted = pv["metadata"].get("annotations") or {}
    found += [
        Change("PersistentVolume", f"annotations[{key}]", noted.get(key), value, "the product's note, turned round")
        for key, value in (decision.pv["metadata"].get("annotations") or {}).items()
        if noted.get(key) != value
    ]
    if pvc is not None:
        found += [
            Change("PersistentVolumeClaim", _name_of(path), now, then, _PVC_REASONS.get(path[0], "as its volume"))
            for path, now, then in changed(pvc["spec"], decision.pvc["spec"])
        ]
    return found


@dataclass(frozen=True, slots=True)
class Preview:
    """One volume's changes. there: what becomes of it at the target, beside what exists."""

    claim: str
    pv: str
    rule: int
    changes: tuple[Change, ...]
    there: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "claim": self.claim,
            "pv": self.pv,
            "rule": self.rule,
            "there": self.there,
            "changes": [str(change) for change in self.changes],
        }


def summarise(previews: Iterable[Preview]) -> list[dict[str, Any]]:
    """Per rule: how many volumes it decides, and what becomes of each field."""
    by_rule: dict[int, list[Preview]] = {}
    for preview in previews:
        by_rule.setdefault(preview.rule, []).append(preview)
    return [
        {"rule": rule, "volumes": len(listed), "changes": list(_summary(listed))}
        for rule, listed in sorted(by_rule.items())
    ]


def _summary(previews: list[Preview]) -> Iterator[str]:
    first: dict[tuple[str, str], Change] = {}
    varies: set[tuple[str, str]] = set()
    count: dict[tuple[str, str], int] = {}
    for preview in previews:
        for change in preview.changes:
            key = (change.kind, change.field)
            other = first.setdefault(key, change)
            if (other.now, other.then) != (change.now, change.then):
                varies.add(key)
            count[key] = count.get(key, 0) + 1
    for key, change in first.items():
        notes = [f"{count[key]} volumes"] if count[key] != len(previews) else []
        notes += ["each its own"] if key in varies else []
        yield "; ".join([str(change), ", ".join(notes)]) if notes else str(change)


def _why(path: tuple[str, ...], decision: VolumeDecision) -> str:
    if any(path[: len(field)] == field or field[: len(path)] == path for field in decision.fields):
        return f"rule {decision.rule}"
    return _PV_REASONS.get(path[0], "as its driver notes it")


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
