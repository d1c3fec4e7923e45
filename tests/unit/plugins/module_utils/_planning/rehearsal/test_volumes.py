# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label, rehearsal_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.volumes import on_copy
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

LABELS = {protected_label("payroll"): "true", "tier": "db"}
DECISION = VolumeDecision(
    {
        "metadata": {"name": "pv-db-0", "labels": LABELS},
        "spec": {
            "claimRef": {"namespace": "payroll", "name": "db-0"},
            "nfs": {"server": "192.0.2.10", "path": "/dr/payroll/db-0"},
            "persistentVolumeReclaimPolicy": "Retain",
        },
    },
    {"metadata": {"name": "db-0", "namespace": "payroll", "labels": LABELS}, "spec": {"volumeName": "pv-db-0"}},
    0,
    ("data of recovery point old",),
)
COPY = {"nfs": {"server": "192.0.2.10", "path": "/dr/payroll-copy/db-0"}}


def test_a_claim_of_the_rehearsal_is_bound_to_the_copy_by_another_volume() -> None:
    made = on_copy(DECISION, COPY, plan_of())
    assert made.claim == "payroll-rehearsal/db-0"
    assert made.pv["metadata"]["name"] == made.pvc["spec"]["volumeName"] == "payroll-rehearsal-pv-db-0"
    assert made.pv["spec"]["nfs"] == COPY["nfs"]
    assert made.pv["spec"]["claimRef"] == {"namespace": "payroll-rehearsal", "name": "db-0"}
    assert made.pv["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_what_was_decided_before_is_still_said() -> None:
    assert on_copy(DECISION, COPY, plan_of()).reasons == ("data of recovery point old", "a copy of pv-db-0")


def test_p8_the_plans_own_decision_stays_as_it_was() -> None:
    on_copy(DECISION, COPY, plan_of())
    assert DECISION.claim == "payroll/db-0"
    assert DECISION.pv["spec"]["nfs"]["path"] == "/dr/payroll/db-0"


def test_neither_has_the_label_of_the_plan() -> None:
    made = on_copy(DECISION, COPY, plan_of())
    for item in (made.pv, made.pvc):
        assert item["metadata"]["labels"] == {rehearsal_label("payroll"): "true", "tier": "db"}
