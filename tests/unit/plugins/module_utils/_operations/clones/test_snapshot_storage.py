# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check tells of a site's snapshot classes before a recovery point is taken."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_SNAPSHOT_CLASS
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.clones.snapshot_storage import snapshot_findings
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import list_protected
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.recovery_point_world import (
    GROUPS,
    east_with_a_vm,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.snapshot_double import (
    SnapshotApi,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


@pytest.fixture
def east(monkeypatch: pytest.MonkeyPatch) -> SnapshotApi:
    return east_with_a_vm(monkeypatch)


def test_check_tells_beforehand_what_a_recovery_point_would_lack(east: SnapshotApi) -> None:
    plan = plan_of(replication=GROUPS, snapshots={})
    found = list_protected(plan, east)
    assert snapshot_findings(plan, east, found) == []
    del east.objects[VOLUME_SNAPSHOT_CLASS.kind, None, "snap"]
    seen = snapshot_findings(plan, east, found)
    assert {(item.code, item.site) for item in seen} == {("NoSnapshotClass", "east")}
    assert len(seen) == 2
    assert snapshot_findings(plan_of(replication=GROUPS), east, found) == []


def test_a_site_that_does_not_show_its_classes_is_a_finding_of_check(
    east: SnapshotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(replication=GROUPS, snapshots={})
    found = list_protected(plan, east)

    def fail(*_given: object) -> None:
        raise Failed("GET", seen="forbidden", status=403)

    monkeypatch.setattr(east, "list", fail)
    assert [item.code for item in snapshot_findings(plan, east, found)] == ["NotChecked"]
