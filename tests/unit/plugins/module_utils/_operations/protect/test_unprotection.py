# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protection taken back at two sites in memory: in the safe order, once, and again after a kill anywhere."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CONFIG_MAP,
    CRON_JOB,
    DEPLOYMENT,
    NAMESPACE,
    PV,
    PVC,
    RESOURCE_QUOTA,
    SCHEDULE,
    SECRET,
    SERVICE_ACCOUNT,
    VM,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Failed, NotFound, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.oadp import OadpSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.protect import unprotection
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import outlook
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import cron_job, deployment

PLAN = plan_of()
LABEL = "protected.dr.ocpvirt.io/payroll"
POLICY = "dr.ocpvirt.io/reclaim-policy"
OWN = {"tier": "db"}
LATCH = "dr-latch-payroll"
WORKLOAD = {"dr.ocpvirt.io/plan": "payroll"}


class Killed(Exception):
    """In the place of kill -9: no code of ours sees it."""


class Cluster(MemoryApi):
    """Counts writes, and is killed before the one that is named. Serves no admission policies."""

    def __init__(self, site: str, world: World) -> None:
        super().__init__(site)
        self._world = world
        self.unserved: set[str] = set()

    def list(self, kind: Any, namespace: Any = None, labels: Any = None, fields: Any = None) -> list[dict[str, Any]]:
        if kind.kind in self.unserved:
            raise NotFound("GET", site=self.site, on=kind.kind, status=404)
        return super().list(kind, namespace, labels)

    def create(self, kind: Any, body: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
        return body if dry_run else super().create(kind, body)

    def patch(self, kind: Any, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        self._world.wrote(f"{self.site} {kind.kind} {name}")
        return super().patch(kind, name, namespace, body)

    def delete(self, kind: Any, name: str, namespace: str | None = None, uid: str | None = None) -> bool:
        if self.find(kind, name, namespace):
            self._world.wrote(f"{self.site} {kind.kind} {name}")
        return super().delete(kind, name, namespace, uid)

    def put(self, kind: Any, name: str, body: dict[str, Any], **meta: Any) -> None:
        namespace = "payroll" if kind.namespaced else None
        metadata = {"name": name, "uid": f"uid-{name}", **meta} | ({"namespace": namespace} if namespace else {})
        self._store("create", (kind.kind, namespace, name), {**body, "kind": kind.kind, "metadata": metadata})


class World:
    """A plan that lives at east, protected; with two groups that replicate to west."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[str] = []
        self.writes_left: int | None = None
        self.sites = {name: Cluster(name, self) for name in PLAN.sites}
        self.replicated = {"east", "west"}
        self.roles = {"east": "primary", "west": "secondary"}
        self.silent: set[str] = set()
        self._fill()
        world = self

        class Provider:
            def enabled(self, _group: object, site: str) -> bool:
                return site in world.replicated

            def disable(self, _group: object, site: str) -> bool:
                world.wrote(f"{site} replication")
                world.replicated.discard(site)
                return True

        class Observed:
            def __init__(self, _plan: Plan) -> None:
                pass

            def provider(self, _group: object) -> Provider:
                return Provider()

            def observe(self, names: Any) -> dict[str, list[GroupStatus]]:
                return {name: [world.status(name)] for name in names}

        def reached(_plan: Plan, name: str) -> Reach:
            if name in world.silent:
                return Reach(name, "unreachable", "timed out")
            return Reach(name, "reachable", api=world.sites[name])  # type: ignore[arg-type]

        monkeypatch.setattr(outlook, "Groups", Observed)
        monkeypatch.setattr(unprotection, "Groups", Observed)
        monkeypatch.setattr(outlook, "reach", reached)

    def _fill(self) -> None:
        east = self.sites["east"]
        marked = {"labels": {LABEL: "true", **OWN}}
        for site in self.sites.values():
            site.put(NAMESPACE, "payroll", {})
        east.put(VM, "db", vm_body(), **with_labels(marked, {"dr.ocpvirt.io/plan": "payroll"}))
        east.put(SECRET, "login", {"data": {}}, **copy.deepcopy(marked))
        east.put(SECRET, "of-a-person", {"data": {}}, **copy.deepcopy(marked))
        east.put(SECRET, "of-nobody", {"data": {}}, labels=dict(OWN))
        self.put_volume("db")
        east.objects["Schedule", "openshift-adp", "payroll-east"] = schedule()

    def put_volume(self, name: str) -> None:
        east = self.sites["east"]
        marked = {"labels": {LABEL: "true", **OWN}}
        reference = {"namespace": "payroll", "name": name, "uid": f"uid-{name}"}
        spec = {"persistentVolumeReclaimPolicy": "Retain", "claimRef": reference}
        east.put(
            PV, f"pv-{name}", {"spec": spec, "status": {"phase": "Bound"}}, **marked, annotations={POLICY: "Delete"}
        )
        east.put(PVC, name, {"spec": {"volumeName": f"pv-{name}"}}, **copy.deepcopy(marked))

    def wrote(self, what: str) -> None:
        if self.writes_left == 0:
            raise Killed
        if self.writes_left is not None:
            self.writes_left -= 1
        self.log.append(what)

    def status(self, site: str) -> GroupStatus:
        role = self.roles[site] if site in self.replicated else "unknown"
        return GroupStatus("payroll", site, role, "healthy", "none")  # type: ignore[arg-type]

    def unprotect(self, check_mode: bool = False, captures: bool = False, plan: Plan = PLAN) -> dict[str, Any]:
        return unprotection.unprotect(plan, "east", check_mode, captures)

    def labels(self, kind: Any, name: str) -> Any:
        return self.sites["east"].get(kind, name, "payroll" if kind.namespaced else None)["metadata"].get("labels")

    def content(self) -> dict[Any, Any]:
        """Of both sites, but the lock."""
        return {
            (site, *key): {**item, "metadata": {**item["metadata"], "resourceVersion": ""}}
            for site, api in self.sites.items()
            for key, item in api.objects.items()
            if key[0] not in ("Lease",) and key[1] != PLAN.store_namespace
        }


def with_labels(meta: dict[str, Any], more: dict[str, str]) -> dict[str, Any]:
    return {"labels": {**meta["labels"], **more}}


def vm_body() -> dict[str, Any]:
    volumes = [
        {"name": "root", "persistentVolumeClaim": {"claimName": "db"}},
        {"name": "login", "secret": {"secretName": "login"}},
    ]
    return {"spec": {"runStrategy": "Always", "template": {"spec": {"volumes": volumes}}}}


def schedule(plan: str = "payroll") -> dict[str, Any]:
    labels = {"dr.ocpvirt.io/capture-of-plan": plan}
    return {
        "metadata": {"name": "payroll-east", "namespace": "openshift-adp", "uid": "s"},
        "spec": {"template": {"metadata": {"labels": labels}}},
    }


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_everything_that_protect_made_is_taken_back(world: World) -> None:
    result = world.unprotect()
    assert (result["changed"], result["vms"], result["volumes"]) == (True, 1, 1)
    east = world.sites["east"]
    pv = east.get(PV, "pv-db")
    assert (pv["spec"]["persistentVolumeReclaimPolicy"], pv["metadata"]["annotations"]) == ("Delete", {})
    assert world.labels(VM, "db") == {**OWN, "dr.ocpvirt.io/plan": "payroll"}
    assert [world.labels(kind, name) for kind, name in ((PV, "pv-db"), (PVC, "db"), (SECRET, "login"))] == [OWN] * 3
    assert east.find(SCHEDULE, "payroll-east", "openshift-adp") is None
    assert world.replicated == set()


def test_p8_the_label_that_a_person_wrote_stays_and_is_said(world: World) -> None:
    result = world.unprotect()
    assert world.labels(SECRET, "of-a-person") == {LABEL: "true", **OWN}
    assert any("Secret/payroll/of-a-person at east" in line for line in result["stays"])


def test_p8_nothing_but_what_protect_wrote_is_written(world: World) -> None:
    world.unprotect()
    written = {line.split()[1] for line in world.log}
    assert written == {
        "Schedule",
        "replication",
        "Secret",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "VirtualMachine",
    }
    assert not [line for line in world.log if "of-" in line]


def test_replication_ends_at_the_copy_first_and_before_the_labels_that_tell_what_replicates(world: World) -> None:
    world.unprotect()
    assert world.log.index("west replication") < world.log.index("east replication")
    assert world.log.index("east replication") < min(
        number for number, line in enumerate(world.log) if line.startswith("east Persistent")
    )


def test_p5_twice_changes_nothing(world: World) -> None:
    world.unprotect()
    before, written = world.content(), len(world.log)
    again = world.unprotect()
    assert (again["changed"], again["decisions"], len(world.log)) == (False, [], written)
    assert world.content() == before


def test_p5_killed_before_any_write_the_same_command_ends_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def protected() -> World:
        world = World(monkeypatch)
        put_workload(world, deployment("front"))
        return world

    undisturbed = protected()
    undisturbed.unprotect()
    assert len(undisturbed.log) > 5
    for writes in range(len(undisturbed.log)):
        world = protected()
        world.writes_left = writes
        with pytest.raises(Killed):
            world.unprotect()
        world.writes_left = None
        world.unprotect()
        assert world.content() == undisturbed.content(), f"killed before write {writes}"


def test_p9_check_mode_decides_the_same_and_writes_nothing(world: World) -> None:
    before = world.content()
    checked = world.unprotect(check_mode=True)
    assert (world.log, world.content()) == ([], before)
    played = world.unprotect()
    assert (checked["decisions"], checked["stays"]) == (played["decisions"], played["stays"])


def test_a_vm_that_the_plan_does_not_select_any_more_is_given_back_too(world: World) -> None:
    world.sites["east"].put(VM, "former", vm_body(), labels={LABEL: "true"})
    world.put_volume("former")
    world.unprotect()
    assert [world.labels(kind, "former") for kind in (VM, PVC)] == [{}, OWN]
    assert world.sites["east"].get(PV, "pv-former")["spec"]["persistentVolumeReclaimPolicy"] == "Delete"


def put_workload(world: World, item: dict[str, Any], by: str = "") -> None:
    """As protect left it. by: who wrote the label, where that is asked."""
    east, meta = world.sites["east"], item["metadata"]
    fields = {"f:metadata": {"f:labels": {f"f:{LABEL}": {}}}}
    meta["labels"] |= {LABEL: "true"}
    if by:
        meta["managedFields"] = [{"manager": by, "operation": "Update", "fieldsV1": fields}]
    east._store("create", (item["kind"], "payroll", meta["name"]), item)


def test_workloads_and_what_they_need_are_given_back_too(world: World) -> None:
    front = deployment("front", replicas=3)
    front["spec"]["template"]["spec"]["serviceAccountName"] = "front"
    put_workload(world, front)
    put_workload(world, cron_job("nightly"))
    world.sites["east"].put(SERVICE_ACCOUNT, "front", {}, labels={LABEL: "true", **OWN})
    result = world.unprotect()
    assert [world.labels(kind, name) for kind, name in ((DEPLOYMENT, "front"), (CRON_JOB, "nightly"))] == [WORKLOAD] * 2
    assert world.labels(SERVICE_ACCOUNT, "front") == OWN
    assert (result["workloads"], world.sites["east"].get(DEPLOYMENT, "front", "payroll")["spec"]["replicas"]) == (2, 3)


@pytest.mark.parametrize(("by", "stays"), [("ocpvirt-dr", False), ("kubectl-label", True)])
def test_p8_a_workload_that_is_not_selected_any_more_is_given_back_when_protect_labelled_it(
    world: World, by: str, stays: bool
) -> None:
    put_workload(world, deployment("former", labels={}), by)
    result = world.unprotect()
    assert world.labels(DEPLOYMENT, "former") == ({LABEL: "true"} if stays else {})
    assert any("Deployment/payroll/former at east: label" in line for line in result["stays"]) is stays


def claim_vanishes(east: Cluster) -> None:
    east.objects.pop(("PersistentVolumeClaim", "payroll", "db"), None)


def volume_vanishes(east: Cluster) -> None:
    east.objects.pop(("PersistentVolume", None, "pv-db"), None)


def volume_is_released(east: Cluster) -> None:
    east.objects["PersistentVolume", None, "pv-db"]["status"] = {"phase": "Released"}


@pytest.mark.parametrize("happens", [claim_vanishes, volume_is_released])
def test_p8_a_volume_is_decided_by_what_is_there_when_it_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch, happens: Callable[[Cluster], None]
) -> None:
    """With Delete its data would go at once."""
    east, wrote = world.sites["east"], world.wrote

    def meanwhile(what: str) -> None:
        happens(east)
        wrote(what)

    monkeypatch.setattr(world, "wrote", meanwhile)
    assert "becomes Delete again" in str(world.unprotect()["decisions"])
    assert east.get(PV, "pv-db")["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_a_volume_that_its_owner_deletes_meanwhile_holds_nothing_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    east, wrote = world.sites["east"], world.wrote

    def meanwhile(what: str) -> None:
        volume_vanishes(east)
        wrote(what)

    monkeypatch.setattr(world, "wrote", meanwhile)
    world.unprotect()
    assert world.labels(PVC, "db") == OWN


def test_p8_a_volume_that_changed_in_the_moment_of_its_write_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    east, wrote = world.sites["east"], world.wrote

    def meanwhile(what: str) -> None:
        if "PersistentVolume pv-db" in what:
            east.objects["PersistentVolume", None, "pv-db"]["metadata"]["resourceVersion"] = "999"
        wrote(what)

    monkeypatch.setattr(world, "wrote", meanwhile)
    with pytest.raises(Conflict, match="start again"):
        world.unprotect()
    assert east.get(PV, "pv-db")["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_p1_halted_vms_of_an_earlier_stay_keep_latch_and_labels(world: World) -> None:
    west = world.sites["west"]
    west.put(VM, "db", vm_body(), labels={LABEL: "true", "dr.ocpvirt.io/plan": "payroll"})
    west.put(RESOURCE_QUOTA, LATCH, {})
    result = world.unprotect()
    assert west.find(RESOURCE_QUOTA, LATCH, "payroll")
    assert west.get(VM, "db", "payroll")["metadata"]["labels"][LABEL] == "true"
    assert any("payroll/db at west" in line and "run unprotect again" in line for line in result["stays"])
    assert world.replicated == set()


def test_a_site_for_copies_needs_no_kubevirt(world: World) -> None:
    world.sites["west"].unserved = {"VirtualMachine", "VirtualMachineInstance", "VirtualMachineInstancetype"}
    assert world.unprotect()["changed"] is True
    assert world.replicated == set()


def test_a_latch_that_holds_nothing_goes(world: World) -> None:
    for site in world.sites.values():
        site.put(RESOURCE_QUOTA, LATCH, {})
    world.unprotect()
    assert [site.find(RESOURCE_QUOTA, LATCH, "payroll") for site in world.sites.values()] == [None, None]


def test_p1_a_latch_stays_closed_where_not_every_group_is_primary(world: World) -> None:
    world.sites["east"].put(RESOURCE_QUOTA, LATCH, {})
    world.replicated.discard("east")
    result = world.unprotect()
    assert world.sites["east"].find(RESOURCE_QUOTA, LATCH, "payroll")
    assert any("latch of payroll at east stays closed" in line for line in result["stays"])


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


def test_p6_the_lock_is_free_before_and_after_and_a_run_that_holds_it_is_named(world: World) -> None:
    world.unprotect()
    locks = [PlanLock(site, PLAN.store_namespace, PLAN.name) for site in world.sites.values()]  # type: ignore[arg-type]
    assert [lock.holder() for lock in locks] == [None, None]
    locks[1].take("payroll-failover-west-1", 1)
    world.put_volume("more")
    with pytest.raises(Refused, match="payroll-failover-west-1"):
        world.unprotect()
    assert world.labels(PVC, "more") == {LABEL: "true", **OWN}


def test_p6_a_run_that_moved_the_plan_before_the_lock_was_held_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter = unprotection.PlanHold.__enter__

    def late(hold: unprotection.PlanHold) -> unprotection.PlanHold:
        world.roles = {"east": "secondary", "west": "primary"}
        return enter(hold)

    monkeypatch.setattr(unprotection.PlanHold, "__enter__", late)
    with pytest.raises(Refused, match="dr_site=west"):
        world.unprotect()
    assert world.log == []
    assert PlanLock(world.sites["east"], PLAN.store_namespace, PLAN.name).holder() is None  # type: ignore[arg-type]


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


@pytest.mark.parametrize("silent", ["east", "west"])
def test_p10_a_site_that_does_not_answer_is_named_and_nothing_is_written(world: World, silent: str) -> None:
    world.silent.add(silent)
    with pytest.raises(Refused, match=rf"at site {silent}.*timed out.*bring {silent} back"):
        world.unprotect()
    assert world.log == []


def test_p10_an_object_that_cannot_be_written_is_named_and_its_phase_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(what: str) -> None:
        if "PersistentVolume pv-db" in what:
            raise Failed("PATCH", on="PersistentVolume/pv-db", status=500, seen="no space left")
        world.log.append(what)

    monkeypatch.setattr(world, "wrote", refuse)
    with pytest.raises(Failed, match=r"no space left.*reclaim policy Retain becomes Delete again.*start again"):
        world.unprotect()
    assert world.labels(PVC, "db") == {LABEL: "true", **OWN}
