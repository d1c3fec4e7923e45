# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Stork objects of a group that we write. Pure.

A group has one MigrationSchedule for each direction, named after the site that sends. Stork makes its suspended copy at
the other site, under the same name, and an Action there fails over by that copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._cluster.kinds import MIGRATION_SCHEDULE, STORK_ACTION
from ..._model.names import PREFIX, protected_label
from ..ownership import ownership

Object = dict[str, Any]

# of Stork: on the copy that it makes at the other site, and on the last migration of an Action
STATIC_COPY = "stork.libopenstorage.org/static-copy"
LAST_MILE_OF = "stork.libopenstorage.org/lastmile-migration-schedule-name"
# of a MigrationSchedule that a planned switch gives up: the Action at the other site, and its uid once it is there
SWITCH = f"{PREFIX}/given-up-by"
SWITCH_UID = f"{PREFIX}/given-up-by-uid"
# we make and verify volumes ourselves (P2)
NOT_MIGRATED = ("PersistentVolume", "PersistentVolumeClaim")


def schedule_name(plan: str, group: str, site: str) -> str:
    """Of the schedule that sends from a site, there and of its copy."""
    return f"{plan if plan == group else f'{plan}-{group}'}-from-{site}"


def selectors(plan: str, match_labels: Mapping[str, str]) -> dict[str, str]:
    """Of the claims that are migrated: Stork knows equality only."""
    return {protected_label(plan): "true", **match_labels}


def schedule_spec(cluster_pair: str, policy: str, namespaces: Sequence[str], labels: Mapping[str, str]) -> Object:
    """Of a schedule that sends. Without autoSuspend Stork makes no copy, and nothing could be failed over."""
    migration = {
        "clusterPair": cluster_pair,
        "namespaces": sorted(namespaces),
        "selectors": dict(labels),
        "includeVolumes": True,
        # only data: whatever Stork had migrated, its Action would scale up in the whole namespace (P8)
        "includeResources": False,
        "excludeResourceTypes": list(NOT_MIGRATED),
        "startApplications": False,
        "purgeDeletedResources": False,
    }
    return {
        "schedulePolicyName": policy,
        "suspend": False,
        "autoSuspend": True,
        "template": {"spec": migration},
    }


def migration_schedule(plan: str, group: str, namespace: str, site: str, spec: Object) -> Object:
    meta = {"namespace": namespace, "name": schedule_name(plan, group, site), "labels": ownership(plan, group)}
    kind = MIGRATION_SCHEDULE
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": meta, "spec": spec}


def failover(
    plan: str, group: str, namespace: str, name: str, schedule: str, namespaces: Sequence[str], forced: bool
) -> Object:
    """An Action of the target. skipSourceOperations is always there: Stork ends itself over one that lacks it."""
    parameter = {
        "failoverNamespaces": sorted(namespaces),
        "migrationScheduleReference": schedule,
        "skipSourceOperations": forced,
    }
    return {
        "apiVersion": STORK_ACTION.api_version,
        "kind": STORK_ACTION.kind,
        "metadata": {"namespace": namespace, "name": name, "labels": ownership(plan, group)},
        "spec": {"actionType": "failover", "actionParameter": {"failoverParameter": parameter}},
    }


def suspend_patch(suspended: bool) -> Object:
    return {"spec": {"suspend": suspended}}


def give_up_patch(action: str, version: str | None = None) -> Object:
    """Merge patch: this schedule is given up by an Action that is going to be asked for. version: what it must be."""
    held = {"resourceVersion": version} if version else {}
    return {"metadata": {**held, "annotations": {SWITCH: action, SWITCH_UID: None}}}


def asked_patch(uid: str) -> Object:
    return {"metadata": {"annotations": {SWITCH_UID: uid}}}


def go_on_patch() -> Object:
    """Merge patch: it is not given up, and sends again."""
    return {"metadata": {"annotations": {SWITCH: None, SWITCH_UID: None}}, **suspend_patch(False)}


def deactivate_patch() -> Object:
    """Merge patch of a copy, as `storkctl deactivate` has it: Stork's definitions have no status of their own."""
    return {"status": {"applicationActivated": False}}
