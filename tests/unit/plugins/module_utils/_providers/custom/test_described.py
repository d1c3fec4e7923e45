# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan describes, and what it leaves out: verbs, expressions and texts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Unsupported
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    add_claim,
    enabled,
    replication,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import (
    custom_world,
    described,
    fresh,
    without,
)


def test_a_forced_promotion_has_steps_of_its_own_where_the_plan_has_them() -> None:
    force = {"patch": {"spec": {"replicationState": "primary", "autoResync": True}}}
    made = enabled(custom_world(verbs={**described()["verbs"], "force": force}))
    made.provider.promote(made.group, "west", forced=True)
    assert made.replication("west")["spec"]["autoResync"] is True


@pytest.mark.parametrize(
    ("changes", "verb", "said"),
    [
        (without("status", "proof"), lambda p, g: p.final_sync(g, "east", "west"), "describes no status.proof"),
        (without("verbs", "resync"), lambda p, g: p.resync(g, "east"), "describes no verbs.resync"),
        ({}, lambda p, g: p.pause(g, "east"), "describes no verbs.pause"),
        ({}, lambda p, g: p.resume(g, "east"), "describes no verbs.resume"),
    ],
)
def test_what_the_plan_does_not_describe_is_unsupported(changes: Any, verb: Any, said: str) -> None:
    made = enabled(custom_world(**changes))
    with pytest.raises(Unsupported, match=said) as refusal:
        verb(made.provider, made.group)
    assert refusal.value.next_step


def test_a_pause_is_a_patch_that_is_written_once() -> None:
    pause = {"patch": {"metadata": {"annotations": {"example.org/hold": "{site}-{claim.name}"}}}}
    made = enabled(custom_world(verbs={**described()["verbs"], "pause": pause}))
    assert made.provider.pause(made.group, "east") is True
    assert made.provider.pause(made.group, "east") is False
    assert made.replication("east")["metadata"]["annotations"]["example.org/hold"] == "east-disk-0"


def test_an_expression_that_cannot_take_the_object_is_named_and_is_no_state() -> None:
    made = custom_world(volumes=1, status={**described()["status"], "role": "sum(spec.replicationState)"})
    made.apis["east"].create(VOLUME_REPLICATION, replication("disk-0", "disk-0"))
    made.wait(1)
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.health) == ("unknown", "error")
    assert "read status.role" in seen.message
    with pytest.raises(Failed, match="correct the expression in the plan"):
        made.provider.demote(made.group, "east")


def test_a_text_of_the_cluster_is_never_evaluated() -> None:
    """Neither as a place of a text, nor as an expression, nor as a template."""
    made = custom_world(volumes=0, name="vr-{claim.name}")
    add_claim(made.apis["east"], "{values.class}")
    made.provider = fresh(made)
    made.provider.enable(made.group, "east", "west")
    assert list(made.asked("east")) == ["vr-{values.class}"]
    stored = made.replication("east", "vr-{values.class}")
    wrong = {"type": "Degraded", "status": "True", "reason": "Error", "message": "{{ 7 * 7 }}"}
    stored["status"]["conditions"].append(wrong)
    made.apis["east"].objects["VolumeReplication", "payroll", "vr-{values.class}"] = stored
    assert made.provider.observe(made.group, "east").message.endswith("{{ 7 * 7 }}")
