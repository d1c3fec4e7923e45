# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a product has to bring is recorded at both sites; the record holds nothing that a Secret holds."""

from __future__ import annotations

import base64
import gzip
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    ATTACHMENT_DEFINITION,
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DATA_VOLUME,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused, TerminalState, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.record import KEPT
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.vendor import VendorSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.capture.check import check_capture
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_world import Site, east
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime, plan_of

PLAN = plan_of(metadata={"source": "vendor"})
DEPLOYMENT = Kind("apps", "v1", "deployments", "Deployment")


@pytest.fixture
def source() -> VendorSource:
    return VendorSource(PLAN)


@pytest.fixture
def here() -> Site:
    return east()


def test_vms_claims_and_volumes_are_whole_and_of_the_rest_the_name(source: VendorSource, here: Site) -> None:
    record = source.manifests(here, source.capture(here, 60))  # type: ignore[arg-type]
    (vm,) = record.objects["virtualmachines.kubevirt.io"]
    assert vm["spec"] == {"runStrategy": "Manual", "template": {}}
    assert vm["status"] == {"ready": True}
    assert record.index("persistentvolumes")["pv-db"]["spec"]["nfs"]["server"] == "192.0.2.10"
    (secret,) = record.objects["secrets"]
    label = {"protected.dr.ocpvirt.io/payroll": "true"}
    assert secret == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "cloud-init", "namespace": "payroll", "labels": label},
    }


def test_no_content_of_a_secret_is_in_the_run_store(source: VendorSource, here: Site) -> None:
    source.capture(here, 60)  # type: ignore[arg-type]
    texts = [
        gzip.decompress(base64.b64decode(item["data"]["shard"])).decode()
        for item in here.list(CONFIG_MAP, "ocpvirt-dr")
        if "shard" in item["data"]
    ]
    assert texts
    assert not [text for text in texts if "czNjcjN0" in text]


def test_what_no_product_has_to_bring_is_not_recorded(source: VendorSource, here: Site) -> None:
    here.add(DATA_VOLUME, "db")
    record = source.manifests(here, source.capture(here, 60))  # type: ignore[arg-type]
    assert "datavolumes.cdi.kubevirt.io" not in record.objects


def test_networks_and_the_revisions_that_kubevirt_makes_are_of_each_site(source: VendorSource, here: Site) -> None:
    here.add(ATTACHMENT_DEFINITION, "vlan-100")
    for name in ("db-small-1", "pinned"):
        here.add(CONTROLLER_REVISION, name)
    vm = here.objects["VirtualMachine", "payroll", "db"]
    vm["spec"] |= {
        "template": {"spec": {}},
        "instancetype": {"name": "small"},
        "preference": {"name": "rhel", "revisionName": "pinned"},
    }
    vm["status"] = {
        "ready": True,
        "instancetypeRef": {"name": "small", "controllerRevisionRef": {"name": "db-small-1"}},
        "preferenceRef": {"name": "rhel", "controllerRevisionRef": {"name": "pinned"}},
    }
    record = source.manifests(here, source.capture(here, 60))  # type: ignore[arg-type]
    assert "payroll/db-small-1" not in record.index("controllerrevisions.apps")
    assert "payroll/pinned" in record.index("controllerrevisions.apps")
    assert ATTACHMENT_DEFINITION.resource not in record.objects
    assert [item.on for item in check_capture(record, LabelSelector()) if item.code == "ReferenceNotCaptured"] == []


def test_a_record_is_removed_at_both_sites(source: VendorSource, here: Site) -> None:
    there, kept = Site("west"), source.capture(here, 60)  # type: ignore[arg-type]
    here.clock.sleep(60)
    name = source.capture(here, 60)  # type: ignore[arg-type]
    for record in (kept, name):
        assert source.announce(here, there, record) == ""  # type: ignore[arg-type]
    source.remove(here, there, name)  # type: ignore[arg-type]
    assert [[info.name for info in source.catalog(api)] for api in (here, there)] == [[kept], [kept]]  # type: ignore[arg-type]
    source.remove(here, there, name)  # type: ignore[arg-type]


def test_the_other_site_holds_the_same_record(source: VendorSource, here: Site) -> None:
    there = Site("west")
    name = source.capture(here, 60)  # type: ignore[arg-type]
    assert source.announce(here, there, name) == ""  # type: ignore[arg-type]
    assert source.manifests(there, name) == source.manifests(here, name)  # type: ignore[arg-type]
    assert source.catalog(there) == source.catalog(here)  # type: ignore[arg-type]
    (info,) = source.catalog(there)  # type: ignore[arg-type]
    assert (info.name, info.site, info.complete) == (name, "east", True)


def test_a_site_that_does_not_take_it_says_why(source: VendorSource, here: Site) -> None:
    class Full(Site):
        def apply(self, kind: Kind, body: dict[str, Any], force: bool = True) -> dict[str, Any]:
            raise Failed("PATCH", site=self.site, seen="etcdserver: no space", status=500)

    name = source.capture(here, 60)  # type: ignore[arg-type]
    assert "no space" in source.announce(here, Full("west"), name)  # type: ignore[arg-type]


def test_an_incomplete_record_is_not_complete(source: VendorSource, here: Site) -> None:
    name = source.capture(here, 60)  # type: ignore[arg-type]
    source.mark_incomplete(here, name, "VmNotCaptured")  # type: ignore[arg-type]
    assert [info.complete for info in source.catalog(here)] == [False]  # type: ignore[arg-type]


def test_the_newest_records_of_a_site_stay(source: VendorSource, here: Site) -> None:
    time = SimulatedTime()
    names = []
    for number in range(KEPT + 2):
        here.clock = time.clock(off_by=timedelta(minutes=number))
        names.append(source.capture(here, 60))  # type: ignore[arg-type]
    kept = [info.name for info in source.catalog(here)]  # type: ignore[arg-type]
    assert kept == names[: -KEPT - 1 : -1]
    assert len(here.list(CONFIG_MAP, "ocpvirt-dr")) == KEPT


@pytest.mark.parametrize("damage", ["gone", "torn"])
def test_a_damaged_record_is_passed_over(source: VendorSource, here: Site, damage: str) -> None:
    name = source.capture(here, 60)  # type: ignore[arg-type]
    key = ("ConfigMap", "ocpvirt-dr", f"record-{name}-0")
    if damage == "gone":
        del here.objects[key]
    else:
        here.objects[key]["data"]["shard"] = "AAAA"
    with pytest.raises(TerminalState, match="run protect"):
        source.manifests(here, name)  # type: ignore[arg-type]


def test_workloads_are_refused_as_nothing_keeps_them_from_starting(source: VendorSource, here: Site) -> None:
    metadata = {"name": "web", "namespace": "payroll", "labels": {"dr.ocpvirt.io/plan": "payroll"}}
    here.create(DEPLOYMENT, {"metadata": {**metadata, "name": "web-child", "ownerReferences": [{}]}})
    source.capture(here, 60)  # type: ignore[arg-type]
    here.create(DEPLOYMENT, {"metadata": metadata})
    with pytest.raises(Refused, match=r"Deployment/payroll/web.*1 workloads beside its VMs"):
        source.capture(here, 60)  # type: ignore[arg-type]


def test_we_restore_nothing(source: VendorSource, here: Site) -> None:
    with pytest.raises(Unsupported, match="the product restores"):
        source.restore(here, "x", "r-1", (), 60, True, lambda: None)  # type: ignore[arg-type]
