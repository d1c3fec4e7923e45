# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label, rehearsal_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.place import (
    clone_name,
    rehearsed_plan,
    relabelled,
    shortened,
    spaces_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

PLAN = plan_of()
PROTECT = {"selector": {"matchLabels": {"dr.ocpvirt.io/plan": "payroll"}}}


def test_a_plan_of_one_namespace_is_rehearsed_in_one_that_has_the_plans_name() -> None:
    assert spaces_of(plan_of(protect={**PROTECT, "namespaces": ["erp"]})) == {"erp": "payroll-rehearsal"}


def test_each_of_several_namespaces_has_its_own_place() -> None:
    plan = plan_of(protect={**PROTECT, "namespaces": ["erp", "hr"]})
    assert spaces_of(plan) == {"erp": "payroll-rehearsal-erp", "hr": "payroll-rehearsal-hr"}


def test_long_names_fit_and_stay_apart() -> None:
    names = [f"{'x' * 58}-{end}" for end in ("one", "two")]
    found = list(spaces_of(plan_of(protect={**PROTECT, "namespaces": names})).values())
    assert len(set(found)) == 2
    assert all(len(name) <= 63 for name in found)


def test_a_name_that_fits_is_left_alone() -> None:
    assert shortened("payroll-rehearsal", 63) == "payroll-rehearsal"


def test_p8_no_run_of_the_plan_takes_a_rehearsals_vm_for_its_own() -> None:
    labels = relabelled({protected_label("payroll"): "true", "dr.ocpvirt.io/plan": "payroll", "tier": "db"}, "payroll")
    assert protected_label("payroll") not in labels
    assert labels["tier"] == "db"
    rehearsed = rehearsed_plan(PLAN)
    assert rehearsed.selector.matches(labels)
    assert not rehearsed.selector.matches({"dr.ocpvirt.io/plan": "payroll", protected_label("payroll"): "true"})
    assert not set(rehearsed.namespaces) & set(PLAN.namespaces)


def test_the_lock_the_record_and_the_groups_are_the_plans() -> None:
    rehearsed = rehearsed_plan(PLAN)
    kept = ("name", "store_namespace", "sites", "groups", "rules")
    assert [getattr(rehearsed, name) for name in kept] == [getattr(PLAN, name) for name in kept]


def test_nobody_outside_is_asked_whether_a_vm_is_ready() -> None:
    plan = plan_of(
        startup={
            "readiness": {"agent": True, "tcp": {"port": 22}, "http": {"port": 80}, "hook": "look.yml"},
            "waves": [{"name": "rest", "readiness": {"tcp": {"port": 5432}, "timeout": "9m"}}],
        }
    )
    startup = rehearsed_plan(plan).startup
    assert (startup.readiness.probes, startup.readiness.hook, startup.readiness.agent) == ((), None, True)
    assert startup.waves[0].readiness == {"timeout": "9m"}


def test_copies_of_two_plans_are_called_differently() -> None:
    assert clone_name(PLAN) == "rehearsal-payroll"
    assert rehearsal_label("payroll") != protected_label("payroll")
