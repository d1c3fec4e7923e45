# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What portworx_stork works with: a site's store of objects, in memory or an API server, and its volumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

SCHEDULE, MIGRATION, ACTION, CLAIM = "MigrationSchedule", "Migration", "Action", "PersistentVolumeClaim"
STORK = "stork.libopenstorage.org"
COPIED = f"{STORK}/static-copy"
LAST_MILE = f"{STORK}/lastmile-migration-schedule-name"
FINALIZER = f"{STORK}/finalizer-cleanup"
MOVED = ("Successful", "PartialSuccess")
Object: TypeAlias = dict[str, Any]


class StorkSite(Protocol):
    """What a site's Stork works with. every: seconds from migration to migration. partly: a migration of which a part
    fails is a partial success. forgets: to activate. A claim is (namespace, name)."""

    every: float
    partly: bool
    forgets: bool

    @property
    def peer(self) -> StorkSite:
        """The other one."""

    def reaches_peer(self) -> bool:
        """As of now."""

    def now(self) -> str:
        """RFC 3339."""

    def of(self, kind: str) -> list[Object]:
        """All there are."""

    def make(self, kind: str, namespace: str, name: str, body: Object) -> Object:
        """As it is stored."""

    def keep_item(self, kind: str, item: Object) -> None:
        """Write the whole object, as it was changed."""

    def end(self, kind: str, item: Object) -> None:
        """Take the finalizer away."""

    def begin(self, uid: str, claims: list[tuple[str, str]]) -> None:
        """Of a migration: what is written later does not go along."""

    def has_begun(self, uid: str) -> bool:
        """Of a migration."""

    def is_through(self, uid: str) -> bool:
        """Whether all of it may arrive."""

    def arrive(self, uid: str) -> Mapping[tuple[str, str], str]:
        """Put it to the peer; what failed of it, and why, by claim."""


def migrations_of(site: StorkSite, schedule: str) -> list[Object]:
    owner = (SCHEDULE, schedule)
    return [
        item
        for item in site.of(MIGRATION)
        if owner in [(entry["kind"], entry["name"]) for entry in item["metadata"].get("ownerReferences", [])]
    ]


def is_copy(item: Object) -> bool:
    return bool((item["metadata"].get("annotations") or {}).get(COPIED) == "true")


def is_activated(item: Object) -> bool:
    return bool(item.get("status", {}).get("applicationActivated"))


def status_of(item: Object) -> Object:
    found: Object = item.setdefault("status", {})
    found.setdefault("stage", "")
    found.setdefault("status", "")
    return found


def find_one(site: StorkSite, kind: str, namespace: str, name: str) -> Object | None:
    found = (item for item in site.of(kind) if item["metadata"]["name"] == name)
    return next((item for item in found if item["metadata"]["namespace"] == namespace), None)


def created(item: Object) -> tuple[str, str]:
    return item["metadata"]["creationTimestamp"], item["metadata"]["name"]
