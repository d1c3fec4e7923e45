# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a plan's captures, schedules and records goes with its protection, and what stays."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, SCHEDULE, SECRET
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.oadp import OadpSource
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.protect.unprotection_world import (
    OWN,
    PLAN,
    Cluster,
    World,
    schedule,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def captured(api: Cluster, *names: str) -> None:
    for name in names:
        labels = {"dr.ocpvirt.io/capture-of-plan": "payroll", "dr.ocpvirt.io/capture-of-site": "east"}
        metadata = {
            "name": name,
            "namespace": "openshift-adp",
            "labels": labels,
            "creationTimestamp": name,
            "uid": name,
        }
        api.objects["Backup", "openshift-adp", name] = {"metadata": metadata, "spec": {}}


def test_captures_are_deleted_only_when_that_is_asked_for_and_from_where_they_are_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[tuple[str, str, str]] = []

    def remove(_source: OadpSource, here: Cluster, there: Cluster, name: str) -> None:
        removed.append((here.site, there.site, name))
        for api in (here, there):
            api.objects.pop(("Backup", "openshift-adp", name), None)

    monkeypatch.setattr(OadpSource, "remove", remove)
    captured(world.sites["east"], "a", "b")
    captured(world.sites["west"], "b", "c")
    world.unprotect()
    assert removed == []
    checked = world.unprotect(check_mode=True, captures=True)
    assert removed == []
    assert checked["decisions"] == [f"Backup/openshift-adp/{name}: deleted" for name in "abc"]
    assert world.unprotect(captures=True)["decisions"] == checked["decisions"]
    assert sorted(removed) == [("east", "west", "a"), ("east", "west", "b"), ("west", "east", "c")]
    assert world.unprotect(captures=True)["changed"] is False


def test_the_record_of_the_last_syncs_goes_and_runs_stay(world: World) -> None:
    for site in world.sites.values():
        store = RunStore(site, PLAN.store_namespace)  # type: ignore[arg-type]
        store.put_syncs(PLAN.name, {"payroll": {"last_sync": "2026-03-01T12:00:00+00:00"}})
        store.put_syncs("audit", {"audit": {}})
        store.put("r-1", PLAN.name, "capture", {})
    world.unprotect()
    for site in world.sites.values():
        left = [item["metadata"]["name"] for item in site.list(CONFIG_MAP, PLAN.store_namespace)]
        assert left == ["plan-audit-syncs-0", "run-r-1-capture-0"]


def test_p8_its_part_of_the_start_budget_goes_and_that_of_others_stays(world: World) -> None:
    body = {"metadata": {"name": "start-budget", "namespace": "ocpvirt-dr"}, "data": {PLAN.name: "{}", "audit": "{}"}}
    for site in world.sites.values():
        site.create(CONFIG_MAP, body)
    world.unprotect()
    assert [site.get(CONFIG_MAP, "start-budget", "ocpvirt-dr")["data"] for site in world.sites.values()] == [
        {"audit": "{}"},
        {"audit": "{}"},
    ]


@pytest.mark.parametrize("owner", [True, False])
def test_p8_a_schedule_of_somebody_else_and_one_that_owns_its_backups_stay(world: World, owner: bool) -> None:
    item = schedule() if owner else schedule("audit")
    item["spec"]["useOwnerReferencesInBackup"] = owner
    world.sites["east"].objects["Schedule", "openshift-adp", "payroll-east"] = item
    result = world.unprotect()
    assert world.sites["east"].find(SCHEDULE, "payroll-east", "openshift-adp")
    assert any("Schedule/openshift-adp/payroll-east stays" in line for line in result["stays"])


@pytest.mark.parametrize("source", ["vendor", "gitops"])
def test_what_a_product_or_git_brings_is_given_back_with_our_records_only_when_asked(world: World, source: str) -> None:
    plan = plan_of(metadata={"source": source})
    stores = [RunStore(site, plan.store_namespace) for site in world.sites.values()]  # type: ignore[arg-type]
    for store in stores:
        store.put_record(plan.name, "payroll-east-1", {"dr.ocpvirt.io/capture-of-site": "east"}, {})
    first = world.unprotect(plan=plan)
    assert (first["changed"], world.labels(SECRET, "login"), world.replicated) == (True, OWN, set())
    assert [len(store.records(plan.name)) for store in stores] == [1, 1]
    assert world.unprotect(plan=plan)["changed"] is False
    assert world.unprotect(captures=True, plan=plan)["changed"] is True
    assert [store.records(plan.name) for store in stores] == [[], []]
