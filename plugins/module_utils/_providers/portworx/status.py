# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Stork's objects of a group say at one site, and what that amounts to. Pure.

Portworx locks no volume of an asynchronous pair: primary and secondary are who sends, who is sent to, and who was
failed over to. What Stork calls successful is not taken at its word: a migration of no volume at all is, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..._model.group_status import Direction, GroupStatus, Health, Role
from ..custom_resource import FieldPath
from ..ownership import PLAN_LABEL
from .objects import LAST_MILE_OF, STATIC_COPY, SWITCH, SWITCH_UID

Item = Mapping[str, Any]
Key = tuple[str, str]

DELETION = FieldPath("metadata.deletionTimestamp")
LABELS = FieldPath("metadata.labels")
ANNOTATIONS = FieldPath("metadata.annotations")
CREATED = FieldPath("metadata.creationTimestamp")
OWNERS = FieldPath("metadata.ownerReferences", ("kind", "name"))

SUSPENDED = FieldPath("spec.suspend")
POLICY = FieldPath("spec.schedulePolicyName")
NAMESPACES = FieldPath("spec.template.spec.namespaces")
SELECTORS = FieldPath("spec.template.spec.selectors")
WITH_VOLUMES = FieldPath("spec.template.spec.includeVolumes")
ACTIVATED = FieldPath("status.applicationActivated")
OF_SCHEDULE = (
    DELETION,
    LABELS,
    ANNOTATIONS,
    SUSPENDED,
    POLICY,
    NAMESPACES,
    SELECTORS,
    WITH_VOLUMES,
    ACTIVATED,
)

STAGE = FieldPath("status.stage")
STATUS = FieldPath("status.status")
VOLUMES = FieldPath("status.volumes", ("namespace", "persistentVolumeClaim", "status", "reason"))
OF_MIGRATION = (ANNOTATIONS, CREATED, OWNERS, STAGE, STATUS, VOLUMES)

REASON = FieldPath("status.reason")
REFERENCE = FieldPath("spec.actionParameter.failoverParameter.migrationScheduleReference")
SKIPS_SOURCE = FieldPath("spec.actionParameter.failoverParameter.skipSourceOperations")
OF_ACTION = (DELETION, CREATED, STAGE, STATUS, REASON, REFERENCE, SKIPS_SOURCE)

FINAL, SUCCESSFUL, FAILED = "Final", "Successful", "Failed"
LAST_SYNC_SOURCE = "creation of the newest Migration that took all volumes of the group along"
_SHOWN = 200


@dataclass(frozen=True)
class Standing:
    """Of one group at one site. out: the schedule that sends from here, copy: Stork's copy of the one that sends to
    here. migrations: of out, the newest last; last_miles: those that Actions made. claims: of the group here, or where
    it sends from. actions: that fail over to here."""

    out: dict[str, Any] | None
    copy: dict[str, Any] | None
    migrations: tuple[dict[str, Any], ...] = ()
    last_miles: tuple[dict[str, Any], ...] = ()
    actions: tuple[dict[str, Any], ...] = ()
    claims: frozenset[Key] = frozenset()

    @property
    def action_of_switch(self) -> str:
        """Of the planned switch that gives this site up, or is to; empty while none does."""
        return _note(self.out, SWITCH)

    @property
    def uid_of_switch(self) -> str:
        return _note(self.out, SWITCH_UID)

    @property
    def sends(self) -> bool:
        return self.out is not None and not SUSPENDED.read(self.out)

    @property
    def activated(self) -> bool:
        """Whether it was failed over to here."""
        return self.copy is not None and bool(ACTIVATED.read(self.copy))

    @property
    def receives(self) -> bool:
        return self.copy is not None and not self.activated

    @property
    def last_mile(self) -> dict[str, Any] | None:
        """What the switch has sent at last. Stork names it after the first characters of its Action's uid."""
        uid = self.uid_of_switch
        found = [item for item in self.last_miles if (part := _last_part(item)) and uid.startswith(part)]
        return found[-1] if found else None

    @property
    def given_up(self) -> bool:
        """By a switch that has taken everything along."""
        return self.last_mile is not None and not what_lacks(self.last_mile, self.claims)

    @property
    def newest_ended(self) -> dict[str, Any] | None:
        ended = [item for item in self.migrations if is_ended(item)]
        return ended[-1] if ended else None

    @property
    def newest_whole(self) -> dict[str, Any] | None:
        whole = [item for item in self.migrations if not what_lacks(item, self.claims)]
        return whole[-1] if whole else None

    @property
    def role(self) -> Role:
        if any(item is not None and DELETION.read(item) for item in (self.out, self.copy)):
            return "unknown"
        if self.action_of_switch:
            return "secondary" if self.given_up else "unknown"
        if self.receives:
            return "unknown" if self.out else "secondary"
        return "primary" if self.out or self.activated else "unknown"


def is_copy(item: Item) -> bool:
    return (ANNOTATIONS.read(item) or {}).get(STATIC_COPY) == "true"


def owner(item: Item) -> str:
    """The plan that the object is of; empty when it is of none."""
    return str((LABELS.read(item) or {}).get(PLAN_LABEL, ""))


def is_scheduled_by(item: Item, schedule: str) -> bool:
    return {"kind": "MigrationSchedule", "name": schedule} in OWNERS.read_entries(item)


def is_last_mile_of(item: Item, schedule: str) -> bool:
    return (ANNOTATIONS.read(item) or {}).get(LAST_MILE_OF) == schedule


def is_ended(item: Item) -> bool:
    """Of a Migration or an Action: Stork does nothing with it any more."""
    return bool(STAGE.read(item) == FINAL)


def what_lacks(migration: Item, claims: frozenset[Key]) -> str:
    """Why the migration did not take all of the claims along; empty where it did."""
    if not is_ended(migration) or STATUS.read(migration) != SUCCESSFUL:
        return describe(migration)
    went = {
        (entry["namespace"], entry["persistentVolumeClaim"])
        for entry in VOLUMES.read_entries(migration)
        if entry["status"] == SUCCESSFUL
    }
    left = sorted("/".join(key) for key in claims - went)
    if left or not claims:
        name = migration["metadata"]["name"]
        return f"Migration {name} is successful without {', '.join(left[:3]) or 'any claim of the group'}"
    return ""


def describe(item: Item) -> str:
    """A Migration or an Action in words."""
    words = [f"{item['kind']} {item['metadata']['name']}: stage {STAGE.read(item) or 'none'}"]
    words.append(f"status {STATUS.read(item) or 'none: Stork has not looked at it'}")
    told = [REASON.read(item) if item["kind"] == "Action" else ""]
    if item["kind"] == "Migration":
        told = [
            f"{entry['persistentVolumeClaim']}: {entry['reason']}"
            for entry in VOLUMES.read_entries(item)
            if entry["status"] == FAILED
        ]
    return ", ".join([*words, *(text[:_SHOWN] for text in told if text)])


def state(standing: Standing) -> str:
    """What both schedules show here, in words."""
    words = []
    if standing.out:
        how = "suspended" if SUSPENDED.read(standing.out) else "running"
        words.append(f"schedule {standing.out['metadata']['name']} {how}")
    if standing.action_of_switch:
        words.append(f"given up by Action {standing.action_of_switch}")
        words.append(describe(standing.last_mile) if standing.last_mile else "no last migration of it is here")
    if standing.copy:
        told = "failed over to" if standing.activated else "not activated"
        words.append(f"copy {standing.copy['metadata']['name']} {told}")
    return ", ".join(words) or "no MigrationSchedule of the group"


def group_status(group: str, site: str, standing: Standing) -> GroupStatus:
    raw = {"seen": state(standing)}
    if standing.role == "primary":
        return _primary(group, site, standing, raw)
    if standing.role == "secondary":
        proof = ""
        if standing.given_up and standing.last_mile:
            proof = f"{describe(standing.last_mile)}: {len(standing.claims)} volumes, asked for after the demotion"
        direction: Direction = "incoming" if standing.receives else "none"
        return GroupStatus(group, site, "secondary", "healthy", direction, sync_proof=proof, raw=raw)
    present = standing.out is not None or standing.copy is not None
    health: Health = "degraded" if present else "unknown"
    return GroupStatus(group, site, "unknown", health, "none", message=state(standing), present=present, raw=raw)


def _primary(group: str, site: str, standing: Standing, raw: dict[str, Any]) -> GroupStatus:
    whole, newest = standing.newest_whole, standing.newest_ended
    failed, message = False, ""
    if not standing.sends:
        message = "paused" if standing.out else "it was failed over to here, and is replicated nowhere"
    elif newest:
        # a claim that is newer than the migration is no failure
        failed, message = STATUS.read(newest) != SUCCESSFUL, what_lacks(newest, standing.claims)
    else:
        message = "nothing has been migrated yet"
    return GroupStatus(
        group,
        site,
        "primary",
        "error" if failed else "degraded" if message else "healthy",
        "outgoing" if standing.sends else "none",
        last_sync=moment(whole) if whole else None,
        last_sync_source=LAST_SYNC_SOURCE if whole else "",
        message=message,
        raw=raw,
    )


def moment(item: Item) -> datetime:
    return datetime.fromisoformat(CREATED.read(item))


def newest_last(items: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple(sorted(items, key=lambda item: (CREATED.read(item) or "", item["metadata"]["name"])))


def _note(item: Item | None, name: str) -> str:
    return str((ANNOTATIONS.read(item) or {}).get(name, "")) if item else ""


def _last_part(item: Item) -> str:
    return str(item["metadata"]["name"]).rpartition("-")[2]
