# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures that are written to a store and read back, whatever happened to the store meanwhile."""

from __future__ import annotations

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
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata import export_index
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.workload import is_finished
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.capture.drift import drift
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_captures import WEST, names, take
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


class Killed(BaseException):
    """No DrError: nothing of ours runs after it."""


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


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


def test_a_kind_with_a_hyphen_in_its_plural_is_read_back(store: MemoryStore) -> None:
    site = east()
    site.add(ATTACHMENT_DEFINITION, "vlan-100", spec={"config": "{}"})
    assert "network-attachment-definitions.k8s.cni.cncf.io/vlan-100" in names(store, take(store, site))
