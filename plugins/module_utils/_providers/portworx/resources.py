# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The custom resources of Stork as the conformance test looks at them. Pure."""

from __future__ import annotations

from typing import Any

from ..._cluster.kinds import MIGRATION, MIGRATION_SCHEDULE, STORK_ACTION
from ..custom_resource import CustomResource
from .drift import AUTO_SUSPEND, TEMPLATE, changes
from .objects import (
    asked_patch,
    deactivate_patch,
    failover,
    give_up_patch,
    go_on_patch,
    migration_schedule,
    schedule_spec,
    selectors,
    suspend_patch,
)
from .options import DEFAULT_POLICY
from .status import OF_ACTION, OF_MIGRATION, OF_SCHEDULE

LABELS = selectors("payroll", {"tier": "db"})


def _spec(*namespaces: str) -> dict[str, Any]:
    return schedule_spec("pair", DEFAULT_POLICY, namespaces, LABELS)


def _schedules() -> list[dict[str, Any]]:
    return [
        migration_schedule("payroll", "db", "payroll", "east", _spec("payroll")),
        migration_schedule("payroll", "app", "portworx", "west", _spec("payroll", "payroll-app")),
    ]


def _patches() -> list[dict[str, Any]]:
    others = [give_up_patch("payroll-db-from-east-1"), asked_patch("0123"), deactivate_patch()]
    return [
        *({**patch, "spec": {}} for patch in others),
        go_on_patch(),
        suspend_patch(True),
        changes({}, _spec("payroll")),
    ]


def _actions() -> list[dict[str, Any]]:
    named = ("payroll", "db", "payroll", "payroll-db-from-east-1", "payroll-db-from-east", ["payroll"])
    return [failover(*named, forced=False), failover(*named, forced=True)]


RESOURCES = (
    CustomResource(MIGRATION_SCHEDULE, (*OF_SCHEDULE, AUTO_SUSPEND, TEMPLATE), _schedules, _patches),
    CustomResource(MIGRATION, OF_MIGRATION),
    CustomResource(STORK_ACTION, OF_ACTION, _actions),
)
