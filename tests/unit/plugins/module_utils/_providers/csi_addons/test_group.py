# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VolumeGroupReplication for all claims of a group."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_GROUP_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    add_claim,
    enabled,
    provider_of,
    world,
)


def test_a_group_over_several_namespaces_cannot_be_one_object() -> None:
    made = world(per="group")
    add_claim(made.apis["east"], "disk-0", "invoices")
    plan = made.plan.document | {"protect": {**made.plan.document["protect"], "namespaces": ["payroll", "invoices"]}}
    made.plan = parse_plan(plan)
    made.provider = provider_of(made.plan, made.apis)
    with pytest.raises(Refused, match=r"2 namespaces: invoices, payroll.*per: volume"):
        made.provider.enable(made.group, "east", "west")
    assert made.asked("east") == {}


@pytest.mark.parametrize(("volumes", "fits"), [(100, True), (101, False)])
def test_a_group_object_holds_a_hundred_claims(volumes: int, fits: bool) -> None:
    made = world(volumes=volumes, per="group")
    if fits:
        assert made.provider.enable(made.group, "east", "west")
        return
    with pytest.raises(Refused, match="101 claims"):
        made.provider.enable(made.group, "east", "west")


def test_p8_a_group_object_with_another_selector_is_not_touched() -> None:
    made = enabled(world(per="group"))
    name = next(iter(made.asked("east")))
    stored = made.apis["east"].objects["VolumeGroupReplication", "payroll", name]
    stored["spec"]["source"]["selector"]["matchLabels"]["tier"] = "db"
    with pytest.raises(Conflict, match=r"spec\.source\.selector is"):
        made.provider.demote(made.group, "east")


def test_a_group_object_selects_exactly_the_protected_claims() -> None:
    made = enabled(world(per="group"))
    found = made.apis["east"].get(VOLUME_GROUP_REPLICATION, "payroll", "payroll")
    assert found["spec"]["source"]["selector"] == {"matchLabels": {"protected.dr.ocpvirt.io/payroll": "true"}}
