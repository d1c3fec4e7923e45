# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""East with one VM of two disks, over snapshot_double, and recovery points that are taken there."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.clone import Clone, read_clone
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.clones import recovery_point
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.clones import replication as clone_replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.snapshot_double import (
    SnapshotApi,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

GROUPS = {"provider": "nfs", "groups": [{"name": "all", "selector": {"matchLabels": {"tier": "db"}}}]}
LABEL = "protected.dr.ocpvirt.io/payroll"


class Replicated:
    """Replication is another test's. released: claims that were let go."""

    released: list[str]
    errors: ClassVar[list[Exception]] = []

    def __init__(self, _plan: object) -> None:
        return

    def provider(self, _group: object) -> Replicated:
        return self

    def enable(self, *_given: object) -> bool:
        for error in Replicated.errors:
            raise error
        return False

    def release(self, _group: object, _site: str, claims: list[str]) -> None:
        for error in Replicated.errors:
            raise error
        Replicated.released += claims


def east_with_a_vm(monkeypatch: pytest.MonkeyPatch) -> SnapshotApi:
    api = SnapshotApi()
    api.add_vm("db-0", "db-0-root", "db-0-data")
    Replicated.released, Replicated.errors = [], []
    monkeypatch.setattr(recovery_point, "open_site", lambda _plan, _site: api)
    monkeypatch.setattr(clone_replication, "Groups", Replicated)
    return api


def take(point: str = "", check_mode: bool = False, keep: int = 2, **snapshots: Any) -> dict[str, Any]:
    plan = plan_of(replication=GROUPS, snapshots={"keep": keep, **snapshots})
    return recovery_point.take_recovery_point(plan, "east", point, 60.0, check_mode)


def clones(api: SnapshotApi) -> dict[str, Clone]:
    found = [read_clone(item) for item in api.list(PVC)]
    return {clone.name: clone for clone in found if clone}


def codes(result: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in result["findings"]]
