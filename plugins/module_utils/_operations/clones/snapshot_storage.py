# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site's storage can snapshot, and what stands in the way of a plan's clones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..._cluster.api import Api, Object
from ..._cluster.kinds import STORAGE_CLASS, STORAGE_PROFILE, VOLUME_SNAPSHOT_CLASS
from ..._errors import DrError, NotFound
from ..._model.finding import Finding
from ..._model.plan import Plan
from ..._planning.clones.sets import shared_moments
from ..._planning.clones.snapshot_support import SnapshotStorage, copies, obstacles
from ..inventory.protected import Protected


def read_storage(api: Api) -> SnapshotStorage:
    try:
        snapshot_classes = api.list(VOLUME_SNAPSHOT_CLASS)
    except NotFound:
        return SnapshotStorage(served=False)
    return SnapshotStorage(_by_name(api.list(STORAGE_CLASS)), snapshot_classes, _by_name(_profiles(api)))


def clone_obstacles(plan: Plan, found: Protected, storage: SnapshotStorage) -> dict[str, list[Finding]]:
    """By namespace/name of each claim that cannot be cloned."""
    classes = plan.snapshots.classes if plan.snapshots else {}
    seen = {key: obstacles(storage, pvc, found.volumes.get(key), classes) for key, pvc in found.claims.items()}
    return {key: findings for key, findings in seen.items() if findings}


def clone_warnings(found: Protected) -> list[Finding]:
    """What the clones will be worth."""
    seen = [item for key, pvc in found.claims.items() for item in copies(pvc, found.volumes.get(key))]
    return [*seen, *shared_moments(found.vms)]


def snapshot_findings(plan: Plan, api: Api, found: Protected) -> list[Finding]:
    """For check: what a recovery point of now would lack. Nothing where the plan asks for none."""
    if plan.snapshots is None:
        return []
    try:
        storage = read_storage(api)
    except DrError as error:
        remedy = error.next_step or "see the message"
        return [Finding("warning", "NotChecked", error.on or VOLUME_SNAPSHOT_CLASS.kind, str(error), remedy, api.site)]
    stopped = [item for findings in clone_obstacles(plan, found, storage).values() for item in findings]
    return at_site([*stopped, *clone_warnings(found)], api.site)


def at_site(findings: Iterable[Finding], site: str) -> list[Finding]:
    return [replace(item, site=item.site or site) for item in findings]


def _by_name(items: list[Object]) -> Mapping[str, Object]:
    return {item["metadata"]["name"]: item for item in items}


def _profiles(api: Api) -> list[Object]:
    try:
        return api.list(STORAGE_PROFILE)
    except NotFound:
        # a site without CDI
        return []
