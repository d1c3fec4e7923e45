# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup of one site made known at the other; what Velero itself does is tested on the lab."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    BACKUP,
    DELETE_BACKUP_REQUEST,
    RESTORE,
    STORAGE_LOCATION,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, TerminalState
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.oadp import OadpSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

NAME = "payroll-east-20260301110000"


class Site(MemoryApi):
    """Gives what is created a uid, as an API server does."""

    def create(self, kind: Any, body: dict[str, Any]) -> dict[str, Any]:
        metadata = {"uid": f"of {self.site}", **body["metadata"]}
        return super().create(kind, {**body, "metadata": metadata})

    def location(self, name: str, default: bool = True) -> Site:
        metadata = {"name": name, "namespace": "openshift-adp"}
        self.create(STORAGE_LOCATION, {"metadata": metadata, "spec": {"default": default}})
        return self


def backup(location: str = "east-store") -> dict[str, Any]:
    return {
        "metadata": {
            "name": NAME,
            "namespace": "openshift-adp",
            "labels": {"dr.ocpvirt.io/plan": "payroll", "velero.io/storage-location": location},
            "annotations": {"velero.io/source-cluster-k8s-gitversion": "v1.34.1"},
            "resourceVersion": "77",
        },
        "spec": {"includedNamespaces": ["payroll"], "storageLocation": location},
        "status": {"phase": "Completed"},
    }


@pytest.fixture
def east() -> Site:
    site = Site("east").location("east-store")
    site.create(BACKUP, backup())
    return site


def announce(
    monkeypatch: pytest.MonkeyPatch, east: Site, west: Site, *, readable: bool = True, location: str | None = None
) -> str:
    def manifests(_source: OadpSource, api: MemoryApi, name: str) -> Capture:
        if not readable:
            raise Failed(f"download BackupContents of {name}", site=api.site, status=404)
        return Capture(name, {})

    monkeypatch.setattr(OadpSource, "manifests", manifests)
    plan = plan_of(metadata={"namespace": "openshift-adp", **({"storage_location": location} if location else {})})
    return OadpSource(plan).announce(east, west, NAME)


def test_the_other_site_knows_a_backup_by_the_location_that_it_calls_its_own(
    monkeypatch: pytest.MonkeyPatch, east: Site
) -> None:
    west = Site("west").location("west-store")
    assert announce(monkeypatch, east, west) == ""
    known = west.get(BACKUP, NAME, "openshift-adp")
    assert known["status"] == {"phase": "Completed"}
    assert known["spec"] == {"includedNamespaces": ["payroll"], "storageLocation": "west-store"}
    assert known["metadata"]["labels"] == {
        "dr.ocpvirt.io/plan": "payroll",
        "velero.io/storage-location": "west-store",
    }


def test_p8_an_object_store_that_does_not_hold_it_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, east: Site
) -> None:
    west = Site("west").location("west-store")
    assert "download BackupContents" in announce(monkeypatch, east, west, readable=False)
    assert west.find(BACKUP, NAME, "openshift-adp") is None


def test_p8_what_velero_brought_itself_stays(monkeypatch: pytest.MonkeyPatch, east: Site) -> None:
    west = Site("west").location("west-store")
    west.create(BACKUP, backup("west-store"))
    before = dict(west.objects)
    assert announce(monkeypatch, east, west, readable=False) != ""
    assert west.objects == before


@pytest.mark.parametrize(("default", "named"), [(False, None), (True, "third-store")])
def test_without_a_location_of_that_name_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, east: Site, default: bool, named: str | None
) -> None:
    west = Site("west").location("west-store", default)
    assert "west-store" in announce(monkeypatch, east, west, location=named)
    assert west.find(BACKUP, NAME, "openshift-adp") is None


def test_the_location_that_the_plan_names_is_taken_where_none_is_the_default(
    monkeypatch: pytest.MonkeyPatch, east: Site
) -> None:
    west = Site("west").location("west-store", default=False)
    assert announce(monkeypatch, east, west, location="west-store") == ""


class Deleting(Site):
    """With a Velero that serves requests to delete, or ends them with an error."""

    error = ""

    def create(self, kind: Any, body: dict[str, Any]) -> dict[str, Any]:
        made = super().create(kind, body)
        if kind is DELETE_BACKUP_REQUEST and self.error:
            self.replace(kind, {**made, "status": {"phase": "Processed", "errors": [self.error]}})
        elif kind is DELETE_BACKUP_REQUEST:
            for of in (BACKUP, DELETE_BACKUP_REQUEST):
                name = body["spec"]["backupName"] if of is BACKUP else body["metadata"]["name"]
                self.delete(of, name, body["metadata"]["namespace"])
        return made


def test_a_backup_is_deleted_by_velero_and_then_from_the_other_sites_list() -> None:
    here, there = Deleting("east"), Site("west")
    for site in (here, there):
        site.create(BACKUP, backup())
    OadpSource(plan_of()).remove(here, there, NAME)  # type: ignore[arg-type]
    assert [site.list(BACKUP) for site in (here, there)] == [[], []]


def test_a_backup_that_velero_cannot_delete_stays_known_at_both_sites_and_is_asked_for_anew() -> None:
    here, there = Deleting("east"), Site("west")
    for site in (here, there):
        site.create(BACKUP, backup())
    here.error = "backup storage location is read-only"
    source = OadpSource(plan_of())
    with pytest.raises(TerminalState, match="read-only"):
        source.remove(here, there, NAME)  # type: ignore[arg-type]
    assert [len(site.list(BACKUP)) for site in (here, there)] == [1, 1]
    here.error = ""
    source.remove(here, there, NAME)  # type: ignore[arg-type]
    assert [site.list(BACKUP) for site in (here, there)] == [[], []]


class Restoring(Site):
    """Its Velero ends a restore at once, in the next of these phases."""

    phases: tuple[str, ...] = ()

    def create(self, kind: Any, body: dict[str, Any]) -> dict[str, Any]:
        made = super().create(kind, body)
        if kind is RESTORE:
            phase, *self.phases = self.phases  # type: ignore[assignment]
            made = self.replace(kind, {**made, "status": {"phase": phase, "progress": {"itemsRestored": 7}}})
        return made


def restored(site: Site, held: list[str] | None = None) -> int:
    def verify_lock() -> None:
        if held is not None:
            held.append("looked at")

    source = OadpSource(plan_of())
    return source.restore(site, NAME, "run-1", (), 60, False, verify_lock)["items"]  # type: ignore[arg-type]


@pytest.mark.parametrize("phase", ["Failed", "PartiallyFailed", "FailedValidation"])
def test_p5_a_restore_that_failed_in_an_earlier_attempt_is_made_anew(phase: str) -> None:
    site = Restoring("west")
    site.phases = (phase, "Completed")
    with pytest.raises(TerminalState, match=f"phase {phase}"):
        restored(site)
    held: list[str] = []
    assert restored(site, held) == 7
    assert held == ["looked at"]


def test_p10_a_restore_that_velero_never_began_is_not_to_be_looked_up_in_its_log() -> None:
    site = Restoring("west")
    site.phases = ("FailedValidation",)
    with pytest.raises(TerminalState) as told:
        restored(site)
    assert told.value.next_step == (
        "Velero has not begun it, so it has no log: mend what is named; "
        "Velero looks at the object store again once a minute, then start again"
    )


def test_p5_a_restore_that_an_earlier_attempt_began_is_not_made_twice() -> None:
    site = Restoring("west")
    site.phases = ("Completed",)
    assert [restored(site), restored(site)] == [7, 7]
