# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures that are written to a store and read back, whatever happened to the store meanwhile."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    ATTACHMENT_DEFINITION,
    CONFIG_MAP,
    CONTROLLER_REVISION,
    NAMESPACE,
    PV,
    PVC,
    SECRET,
    SERVICE,
    VM,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, TerminalState, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata import export_index
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.workload import is_finished
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.capture.drift import drift
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_world import (
    LABEL,
    SERVICE_ACCOUNT,
    MemoryStore,
    Site,
    east,
    export_plan,
    source,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, SimulatedTime
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import cron_job, deployment, job

WEST = Site("west")


class Killed(BaseException):
    """No DrError: nothing of ours runs after it."""


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def take(store: MemoryStore, site: Site | None = None, **metadata: Any) -> str:
    return source(store, **metadata).capture(site or east(), 60)


def pass_time(store: MemoryStore, site: Site, **passed: float) -> None:
    """For both clocks."""
    store.later(**passed)
    site.clock = replace(site.clock, now=lambda: store.now)


def names(store: MemoryStore, name: str) -> set[str]:
    found = source(store).manifests(WEST, name).objects
    return {f"{resource}/{item['metadata']['name']}" for resource, items in found.items() for item in items}


def test_a_capture_holds_what_the_plan_protects_and_nothing_else(store: MemoryStore) -> None:
    assert names(store, take(store)) == {
        "configmaps/settings",
        "controllerrevisions.apps/db-rev",
        "namespaces/payroll",
        "persistentvolumeclaims/db",
        "persistentvolumes/pv-db",
        "routes.route.openshift.io/web",
        "secrets/cloud-init",
        "services/web",
        "virtualmachines.kubevirt.io/db",
    }


def test_manifests_are_cleaned_of_their_cluster_and_keep_the_power_state(store: MemoryStore) -> None:
    found = source(store).manifests(WEST, take(store)).objects
    assert found["virtualmachines.kubevirt.io"] == [
        {
            "apiVersion": "kubevirt.io/v1",
            "kind": "VirtualMachine",
            "metadata": {
                "name": "db",
                "namespace": "payroll",
                "annotations": {"team": "payroll"},
                "labels": {"protected.dr.ocpvirt.io/payroll": "true"},
            },
            "spec": {"runStrategy": "Manual", "template": {}},
            "status": {"ready": True},
        }
    ]
    assert found["persistentvolumeclaims"][0]["status"] == {"phase": "Bound"}


def test_a_capture_is_no_other_than_the_site_that_it_was_taken_of(store: MemoryStore) -> None:
    """Else every planned move would take a second one while its VMs are off."""
    site = east()
    captured = source(store).manifests(WEST, take(store, site))
    live = [
        {f"payroll/{item['metadata']['name']}": item for item in site.list(kind, "payroll", labels=f"{LABEL}=true")}
        for kind in (VM, PVC)
    ]
    others = {
        (kind, f"payroll/{item['metadata']['name']}"): item
        for kind in (SECRET, CONFIG_MAP, CONTROLLER_REVISION, SERVICE)
        for item in site.list(kind, "payroll", labels=f"{LABEL}=true")
    }
    assert drift(captured, *live, {"payroll/db": site.get(PV, "pv-db")}, others, {}, LabelSelector()) == []


def test_what_is_going_and_tokens_of_one_cluster_are_left_out(store: MemoryStore) -> None:
    site = east()
    site.add(SECRET, "token", metadata={"annotations": {"kubernetes.io/service-account.name": "robot"}})
    site.add(CONFIG_MAP, "going", metadata={"deletionTimestamp": "2026-03-01T11:00:00Z"})
    assert not names(store, take(store, site)) & {"secrets/token", "configmaps/going"}


def test_workloads_are_captured_and_those_that_a_controller_makes_are_not(store: MemoryStore) -> None:
    site = east()
    for item in (deployment(), job(done="Complete"), job("nightly-1", owner=cron_job())):
        item["metadata"]["labels"][LABEL] = "true"
        site.create(Kind("", "v1", "", item["kind"]), item)
    found = source(store).manifests(WEST, take(store, site)).objects
    assert [item["metadata"]["name"] for item in found["deployments.apps"]] == ["front"]
    assert [(item["metadata"]["name"], is_finished(item)) for item in found["jobs.batch"]] == [("import", True)]


def test_a_kind_that_the_source_does_not_serve_is_no_obstacle(store: MemoryStore) -> None:
    site = east()
    site.absent = {SERVICE_ACCOUNT.resource, "routes.route.openshift.io"}
    assert "secrets/cloud-init" in names(store, take(store, site))


def test_a_kind_that_may_not_be_read_is_an_error_and_never_a_smaller_capture(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(self: Site, kind: Any, *_given: Any, **_named: Any) -> Any:
        if kind.kind == "Role":
            raise Failed("GET", site=self.site, on="Role", status=403)
        return []

    monkeypatch.setattr(Site, "list", forbidden)
    with pytest.raises(Failed, match="Role"):
        take(store)
    assert store.contents == {}


def test_the_catalog_is_read_from_names_newest_first(store: MemoryStore) -> None:
    time = SimulatedTime()
    site = east()
    site.clock = time.clock()
    older = take(store, site)
    time.sleep(90)
    newer = take(store, site)
    source(store).mark_incomplete(WEST, newer, "PersistentVolumeClaim payroll/db Pending")
    catalog = source(store).catalog(WEST)
    assert [(info.name, info.site, info.complete) for info in catalog] == [
        (newer, "east", False),
        (older, "east", True),
    ]
    assert catalog[1].created == NOON.isoformat()


def test_an_unchanged_object_is_written_once(store: MemoryStore) -> None:
    site = east()
    take(store, site, keep="14d")
    store.later(hours=24)
    site.patch(CONFIG_MAP, "settings", "payroll", {"data": {"a": "2"}})
    store.puts.clear()
    take(store, site, keep="14d")
    assert [key.split("/")[1] for key in store.puts] == ["blobs", "captures"]


def test_p5_a_capture_that_was_killed_before_its_index_does_not_exist_and_the_next_one_does(store: MemoryStore) -> None:
    def kill(key: str) -> None:
        if "/captures/" in key:
            raise Killed

    store.before_put = kill
    with pytest.raises(Killed):
        take(store)
    assert (len(store.blobs()), source(store).catalog(WEST)) == (9, [])
    store.before_put = lambda _key: None
    assert len(names(store, take(store))) == 9
    assert len(store.blobs()) == 9


def test_a_capture_that_takes_too_long_gets_no_index(store: MemoryStore) -> None:
    time = SimulatedTime()
    site = east()
    site.clock = time.clock()
    store.before_put = lambda _key: time.sleep(10)
    with pytest.raises(Timeout, match="without an index it does not exist"):
        take(store, site)
    assert store.indexes() == []


def damage_truncated(content: bytes) -> bytes:
    return content[:-9]


def damage_other_content(content: bytes) -> bytes:
    return gzip.compress(gzip.decompress(content).replace(b"payroll", b"payrol1"))


def damage_no_gzip(_content: bytes) -> bytes:
    return b"<html>not found</html>"


@pytest.mark.parametrize(
    ("damage", "seen"),
    [
        (damage_truncated, "no whole gzip file"),
        (damage_other_content, "its content has the SHA-256"),
        (damage_no_gzip, "no whole gzip file"),
        (None, "is gone from it"),
    ],
)
def test_a_damaged_object_makes_the_capture_unusable_and_is_named(store: MemoryStore, damage: Any, seen: str) -> None:
    name = take(store)
    key = next(key for key in store.blobs() if b"cloud-init" in gzip.decompress(store.contents[key]))
    if damage is None:
        store.delete(key)
    else:
        store.contents[key] = damage(store.contents[key])
    with pytest.raises(TerminalState, match=seen) as raised:
        source(store).manifests(WEST, name)
    assert "secrets/payroll/cloud-init" in str(raised.value)
    assert "czNjcjN0" not in str(raised.value)
    # the next capture mends it
    assert len(names(store, take(store))) == len(names(store, name)) == 9


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"plan": "web"}, "its index is of plan web at east"),
        ({"site": "west"}, "its index is of plan payroll at west"),
        ({"format": 2}, "its format is 2; this version of the collection reads 1"),
        ({"objects": [["secrets", "payroll", "x", "../../etc/passwd"]]}, "an entry is not resource"),
        ({"objects": None}, "it lacks a part"),
    ],
)
def test_an_index_of_another_plan_or_of_no_use_is_refused(store: MemoryStore, change: Any, seen: str) -> None:
    name = take(store)
    key = store.indexes()[0]
    document = json.loads(gzip.decompress(store.contents[key]))
    store.contents[key] = gzip.compress(json.dumps({**document, **change}).encode())
    with pytest.raises(TerminalState, match=seen):
        source(store).manifests(WEST, name)


def test_an_object_under_the_name_of_another_is_refused(store: MemoryStore) -> None:
    name = take(store)
    key = store.indexes()[0]
    document = json.loads(gzip.decompress(store.contents[key]))
    document["objects"] = [[row[0], row[1], "other", row[3]] for row in document["objects"] if row[2] == "cloud-init"]
    store.contents[key] = gzip.compress(json.dumps(document).encode())
    with pytest.raises(TerminalState, match="secrets/payroll/other is payroll/cloud-init"):
        source(store).manifests(WEST, name)


def test_a_truncated_index_is_refused_and_does_not_stop_the_next_capture(store: MemoryStore) -> None:
    name = take(store)
    key = store.indexes()[0]
    store.contents[key] = store.contents[key][:40]
    with pytest.raises(TerminalState, match="its index: 40 bytes that are no whole gzip file"):
        source(store).manifests(WEST, name)
    assert len(names(store, take(store))) == 9


@pytest.mark.parametrize("name", ["web-east-20260301120000-0a0a", "payroll-east-2026", "../payroll", ""])
def test_a_name_that_is_none_of_the_plan_is_refused(store: MemoryStore, name: str) -> None:
    with pytest.raises(TerminalState, match="its name is none of plan payroll"):
        source(store).manifests(WEST, name)


def test_captures_too_old_go_with_what_only_they_hold_but_never_the_newest_complete_one(store: MemoryStore) -> None:
    site = east()
    first = take(store, site)
    site.patch(CONFIG_MAP, "settings", "payroll", {"data": {"a": "2"}})
    pass_time(store, site, days=2)
    second = take(store, site)
    site.patch(CONFIG_MAP, "settings", "payroll", {"data": {"a": "3"}})
    pass_time(store, site, days=20)
    third = take(store, site)
    source(store).mark_incomplete(WEST, third, "no volume")
    source(store, keep="14d").prune()
    # the second is older than 14 days too, and all that a failover could use
    assert {info.name for info in source(store).catalog(WEST)} == {second, third}
    assert len(names(store, second)) == 9
    assert len(store.blobs()) == 10
    assert first not in str(store.indexes())


def test_an_expired_incomplete_capture_never_looks_complete(store: MemoryStore) -> None:
    old = take(store)
    source(store).mark_incomplete(WEST, old, "no volume")
    store.later(days=20)
    new = take(store)
    seen = []
    store.before_delete = lambda _key: seen.extend(info.name for info in source(store).catalog(WEST) if info.complete)
    source(store, keep="14d").prune()
    assert {info.name for info in source(store).catalog(WEST)} == {new}
    assert (set(seen), [key for key in store.contents if old in key]) == ({new}, [])


def test_without_keep_no_capture_goes_and_leftovers_do(store: MemoryStore) -> None:
    name = take(store)
    store.put("payroll/blobs/ab/abandoned.json.gz", b"")
    store.later(days=400)
    take(store)
    source(store).prune()
    assert "payroll/blobs/ab/abandoned.json.gz" not in store.contents
    assert len(names(store, name)) == 9


def test_retention_leaves_alone_what_a_capture_under_way_has_written(store: MemoryStore) -> None:
    take(store)
    store.later(days=20)
    site = east()
    site.add(SECRET, "new", data={})

    def prune_before_the_index(key: str) -> None:
        if "/captures/" in key:
            store.before_put = lambda _key: None
            source(store, keep="14d").prune()

    store.before_put = prune_before_the_index
    assert "secrets/new" in names(store, take(store, site, keep="14d"))


def test_what_retention_may_remove_soon_is_written_again_and_not_relied_on(store: MemoryStore) -> None:
    """The first capture expires while the second is written: its objects must not go with it."""
    site = east()
    take(store, site, keep="14d")
    pass_time(store, site, days=14, minutes=-1)
    store.puts.clear()
    take(store, site, keep="14d")
    assert len([key for key in store.puts if "/blobs/" in key]) == 9


def test_retention_that_stalled_over_a_whole_capture_takes_nothing_from_it(store: MemoryStore) -> None:
    """It listed an unreferenced object, and deletes it after the capture has checked that it need not write it."""
    site = east()
    take(store, site)
    victim = store.blobs()[0]
    contents, written = store.contents[victim], store.written[victim]
    store.later(days=2)

    def delete_as_the_stalled_one(key: str) -> None:
        if "/captures/" in key:
            store.before_put = lambda _key: None
            store.delete(victim)

    store.before_put = delete_as_the_stalled_one
    assert len(names(store, take(store, site))) == 9
    assert (store.contents[victim], store.written[victim] > written) == (contents, True)


def test_retention_does_not_guess_what_a_damaged_index_names(store: MemoryStore) -> None:
    take(store)
    store.later(days=2)
    take(store)
    damaged = store.indexes()[0]
    store.contents[damaged] = b""
    before = set(store.blobs())
    with pytest.raises(TerminalState):
        source(store, keep="14d").prune()
    assert set(store.blobs()) == before


def test_the_same_content_has_the_same_digest_whatever_the_order_of_its_keys(store: MemoryStore) -> None:
    one, other = Site("east"), Site("east")
    for site, items in ((one, [("a", "1"), ("b", "2")]), (other, [("b", "2"), ("a", "1")])):
        site.add(CONFIG_MAP, "settings", data=dict(items))
        site.add(NAMESPACE, "payroll", labelled=False)
    take(store, one)
    take(store, other)
    assert len(store.blobs()) == 2


def test_names_read_back_as_they_were_made() -> None:
    made = export_index.CaptureName.new("payroll", "east", NOON + timedelta(microseconds=7), "0a1b")
    assert export_index.CaptureName.read(made.text, "payroll", ["east", "west"]) == made
    assert export_index.CaptureName.read("payroll-east-20261399000000-0a1b", "payroll", ["east"]) is None


def test_the_plan_of_the_tests_is_valid() -> None:
    assert export_plan().metadata.export == {"directory": "/srv/captures"}


def test_the_last_capture_that_is_removed_takes_all_objects_with_it(store: MemoryStore) -> None:
    first = take(store)
    store.later(hours=1)
    second = take(store, changed())
    exported, site = source(store), east()
    exported.remove(site, site, first)  # type: ignore[arg-type]
    assert exported.manifests(site, second).index("virtualmachines.kubevirt.io")  # type: ignore[arg-type]
    exported.remove(site, site, second)  # type: ignore[arg-type]
    assert store.contents == {}


def test_p5_a_removal_that_was_killed_leaves_no_capture_without_its_objects(store: MemoryStore) -> None:
    name = take(store)
    exported, site = source(store), east()

    def kill(key: str) -> None:
        if "/blobs/" in key:
            raise KeyboardInterrupt

    store.before_delete = kill
    with pytest.raises(KeyboardInterrupt):
        exported.remove(site, site, name)  # type: ignore[arg-type]
    assert exported.catalog(site) == []  # type: ignore[arg-type]


def changed() -> Site:
    site = east()
    site.patch(SECRET, "cloud-init", "payroll", {"data": {"userdata": "bmV3"}})
    site.clock.sleep(3600)
    return site


def test_a_kind_with_a_hyphen_in_its_plural_is_read_back(store: MemoryStore) -> None:
    site = east()
    site.add(ATTACHMENT_DEFINITION, "vlan-100", spec={"config": "{}"})
    assert "network-attachment-definitions.k8s.cni.cncf.io/vlan-100" in names(store, take(store, site))
