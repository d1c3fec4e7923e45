# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names by which snapshots and clones are found again."""

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.names import (
    LONGEST,
    POINT,
    clone_name,
    labels_of_clone,
    point_name,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

NOW = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)


def test_a_recovery_point_is_named_after_the_time() -> None:
    assert point_name(NOW) == "20260301t123005z"
    assert POINT.fullmatch(point_name(NOW))


def test_a_clone_is_named_after_its_claim_and_the_recovery_point() -> None:
    assert clone_name("db-0", "20260301t123005z") == "db-0-20260301t123005z"


def test_long_names_are_cut_and_stay_apart() -> None:
    one, other = (clone_name("x" * 80 + end, "20260301t123005z") for end in ("a", "b"))
    assert one != other
    assert {len(one), len(other)} == {LONGEST}
    assert one.endswith("-20260301t123005z")


def test_a_clone_has_the_labels_that_the_groups_look_at_and_no_other_of_its_source() -> None:
    selector = {
        "matchLabels": {"tier": "db"},
        "matchExpressions": [{"key": "zone", "operator": "Exists"}],
    }
    groups = [{"name": "db", "selector": selector}, {"name": "app", "selector": {"matchLabels": {"kind": "app"}}}]
    plan = plan_of(replication={"groups": groups})
    source = {"tier": "db", "zone": "a", "kind": "x", "argocd.argoproj.io/instance": "payroll"}
    labels = labels_of_clone(plan, "a", "db-0", source)
    assert labels == {
        "tier": "db",
        "zone": "a",
        "kind": "x",
        "dr.ocpvirt.io/recovery-point": "a",
        "dr.ocpvirt.io/recovery-point-of-plan": "payroll",
        "dr.ocpvirt.io/clone-of": "db-0",
    }
    assert [group.name for group in plan.group_for(labels)] == [group.name for group in plan.group_for(source)]
