# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OADP is configured where its operator is; what is there already is never written."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CLUSTER_SERVICE_VERSION,
    DATA_PROTECTION_APPLICATION,
    NAMESPACE,
    SECRET,
    STORAGE_LOCATION,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    Failed,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.protect import data_protection
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.protect.data_protection import (
    configure,
    version_findings,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    SimulatedTime,
    plan_of,
)

OADP = {"bucket": "disaster", "region": "eu-central-1"}
SPACE = "openshift-adp"
WRITTEN = [f"create DataProtectionApplication/{SPACE}/ocpvirt-dr"]


class Site(MemoryApi):
    """With an operator unless told otherwise; it works two seconds after it has seen an application."""

    def __init__(self, name: str, time: SimulatedTime) -> None:
        super().__init__(name, time.clock())
        self.time = time
        self.operator = True
        self.olm = True
        self.may_list_versions = True
        self.drops: Callable[[dict[str, Any]], object] = lambda body: body
        self.condition = {"type": "Reconciled", "status": "True", "reason": "Complete", "message": "Reconcile complete"}
        self.phase = "Available"
        self._store("", ("Namespace", None, SPACE), {"metadata": {"name": SPACE}})
        credential = {"metadata": {"name": "cloud-credentials", "namespace": SPACE}, "data": {"cloud": "c2VjcmV0"}}
        self._store("", ("Secret", SPACE, "cloud-credentials"), credential)
        self.writes.clear()

    def list(self, kind: Kind, namespace: str | None = None, *args: Any, **named: Any) -> list[dict[str, Any]]:
        if kind == DATA_PROTECTION_APPLICATION and not self.operator:
            raise NotFound("GET", site=self.site, status=404)
        if kind == CLUSTER_SERVICE_VERSION and not self.olm:
            raise NotFound("GET", site=self.site, status=404)
        if kind == CLUSTER_SERVICE_VERSION and not self.may_list_versions:
            raise Failed("GET", site=self.site, status=403)
        return super().list(kind, namespace, *args, **named)

    def create(self, kind: Kind, body: dict[str, Any], strict: bool = False, dry_run: bool = False) -> dict[str, Any]:
        stored = copy.deepcopy(body)
        self.drops(stored)
        if dry_run:
            return stored
        created = super().create(kind, stored, strict)
        self.time.at(self.time.seconds + 2, lambda: self.operate(stored))
        return created

    def operate(self, body: dict[str, Any]) -> None:
        key = ("DataProtectionApplication", SPACE, body["metadata"]["name"])
        self.objects[key]["status"] = {"conditions": [self.condition] if self.condition else []}
        if self.condition.get("status") == "True":
            name = body["spec"]["backupLocations"][0].get("name", f"{key[2]}-1")
            self.located(name)

    def located(self, name: str) -> None:
        status = {"phase": self.phase, "message": "no such bucket"}
        self.objects["BackupStorageLocation", SPACE, name] = {"metadata": {"name": name}, "status": status}

    def versioned(self, version: str) -> None:
        name = f"oadp-operator.v{version}"
        body = {"metadata": {"name": name}, "spec": {"version": version}, "status": {"phase": "Succeeded"}}
        self.objects["ClusterServiceVersion", SPACE, name] = body

    def existing(self, name: str, **changes: Any) -> dict[str, Any]:
        """An application that somebody made; reconciled."""
        location = {
            "provider": "aws",
            "default": True,
            "objectStorage": {"bucket": "disaster"},
            "config": {"region": "eu-central-1"},
            **changes,
        }
        body = {
            "metadata": {"name": name, "namespace": SPACE, "resourceVersion": "7"},
            "spec": {
                "configuration": {"velero": {"defaultPlugins": ["aws", "openshift", "kubevirt", "csi"]}},
                "backupLocations": [{"velero": location}],
            },
        }
        self.objects["DataProtectionApplication", SPACE, name] = body
        self.operate(body)
        return copy.deepcopy(body)


class Sites:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = SimulatedTime()
        self.east, self.west = Site("east", self.time), Site("west", self.time)
        monkeypatch.setattr(data_protection, "open_site", lambda _plan, name: getattr(self, name))

    def configure(self, *names: str, check_mode: bool = False, **oadp: Any) -> dict[str, Any]:
        return configure(plan_with(**oadp), list(names) or ["east", "west"], 300, check_mode)

    @property
    def writes(self) -> list[str]:
        return [*self.east.writes, *self.west.writes]


def plan_with(**oadp: Any) -> Plan:
    return plan_of(metadata={"oadp": {**OADP, **oadp}})


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> Sites:
    return Sites(monkeypatch)


def test_both_sites_are_configured_and_waited_for(sites: Sites) -> None:
    sites.east.versioned("1.5.1")
    result = sites.configure()
    assert result["changed"] is True
    assert sites.east.writes == sites.west.writes == WRITTEN
    here = {"state": "created", "application": "ocpvirt-dr", "storage_location": "default"}
    assert result["sites"] == {"east": {**here, "version": "1.5.1"}, "west": {**here, "version": ""}}
    assert "west: OADP, whose version is not visible" in result["decisions"][1]


def test_a_second_time_nothing_is_written(sites: Sites) -> None:
    sites.configure()
    result = sites.configure()
    assert result["changed"] is False
    assert result["sites"]["east"]["state"] == "adopted"
    assert sites.east.writes == WRITTEN


def test_a_site_without_the_operator_is_left_alone_and_named(sites: Sites) -> None:
    sites.west.operator = False
    result = sites.configure()
    assert result["sites"]["west"]["state"] == "absent"
    assert result["decisions"][1] == "west: it has no OADP operator: nothing is configured there"
    assert sites.west.writes == []


def test_p9_check_mode_writes_nothing_and_decides_the_same(sites: Sites) -> None:
    tried = sites.configure(check_mode=True)
    assert sites.writes == []
    assert tried["decisions"] == sites.configure()["decisions"]


def test_p8_an_application_of_somebody_else_is_adopted_as_it_is(sites: Sites) -> None:
    before = sites.east.existing("velero-sample", credential={"name": "cloud-credentials", "key": "cloud"})
    result = sites.configure("east")
    assert result["changed"] is False
    assert result["sites"]["east"]["application"] == "velero-sample"
    assert result["sites"]["east"]["storage_location"] == "velero-sample-1"
    kept = sites.east.objects["DataProtectionApplication", SPACE, "velero-sample"]
    assert {**kept, "status": None} == {**before, "status": None}


def test_p8_one_that_will_not_do_is_refused_with_every_difference_before_any_site_is_written(sites: Sites) -> None:
    sites.west.existing("velero-sample", objectStorage={"bucket": "other", "prefix": "velero"})
    with pytest.raises(Conflict) as raised:
        sites.configure()
    assert raised.value.site == "west"
    assert raised.value.on == f"DataProtectionApplication/{SPACE}/velero-sample"
    assert raised.value.seen == (
        "backupLocations[velero-sample-1].objectStorage.bucket: wanted 'disaster', is 'other'; "
        "backupLocations[velero-sample-1].objectStorage.prefix: wanted '', is 'velero'"
    )
    assert sites.writes == []


def test_two_applications_in_one_namespace_are_refused(sites: Sites) -> None:
    sites.east.existing("one")
    sites.east.existing("two")
    with pytest.raises(Conflict, match="2 in one namespace"):
        sites.configure("east")


def test_one_that_somebody_makes_at_that_moment_is_compared(sites: Sites) -> None:
    def meanwhile(_body: dict[str, Any]) -> None:
        sites.east.existing("ocpvirt-dr", objectStorage={"bucket": "other"})

    sites.east.drops = meanwhile
    with pytest.raises(Conflict, match="wanted 'disaster', is 'other'"):
        sites.configure("east")


@pytest.mark.parametrize(
    ("data", "seen"), [(None, "absent"), ({}, "it has no key cloud"), ({"cloud": ""}, "it has no key cloud")]
)
def test_p10_a_credential_that_is_not_there_is_named(sites: Sites, data: Any, seen: str) -> None:
    if data is None:
        sites.west.delete(SECRET, "cloud-credentials", SPACE)
    else:
        sites.west.objects["Secret", SPACE, "cloud-credentials"]["data"] = data
    with pytest.raises(Refused) as raised:
        sites.configure()
    assert (raised.value.site, raised.value.seen) == ("west", seen)
    assert raised.value.on == f"Secret/{SPACE}/cloud-credentials"
    assert sites.writes == []


def test_the_credential_appears_nowhere(sites: Sites) -> None:
    assert "c2VjcmV0" not in str(sites.configure())


def test_a_namespace_that_is_absent_is_not_made(sites: Sites) -> None:
    sites.east.delete(NAMESPACE, SPACE)
    with pytest.raises(Refused, match=r"Namespace/openshift-adp.*absent"):
        sites.configure("east")


def test_an_operator_that_is_too_old_is_refused_where_that_is_visible(sites: Sites) -> None:
    sites.east.versioned("1.4.2")
    with pytest.raises(Refused, match=r"OADP 1\.4\.2; wanted: 1\.4\.3 or newer"):
        sites.configure("east")
    sites.east.olm = False
    assert sites.configure("east")["sites"]["east"]["version"] == ""


def test_a_version_that_we_may_not_read_is_not_visible(sites: Sites) -> None:
    sites.east.versioned("1.4.2")
    sites.east.may_list_versions = False
    assert sites.configure("east")["sites"]["east"]["version"] == ""


def test_check_warns_of_an_operator_that_is_too_old(sites: Sites) -> None:
    assert list(version_findings(plan_with(), sites.east)) == []  # type: ignore[arg-type]
    sites.east.versioned("1.4.1")
    (finding,) = version_findings(plan_with(), sites.east)  # type: ignore[arg-type]
    assert (finding.severity, finding.code, finding.site) == ("warning", "OadpTooOld", "east")


def test_a_definition_that_drops_a_field_is_refused_before_anything_is_written(sites: Sites) -> None:
    sites.east.drops = lambda body: body["spec"].pop("backupImages")
    with pytest.raises(Refused, match=r"does not know spec\.backupImages"):
        sites.configure("east")
    assert sites.writes == []


def test_what_the_operator_cannot_do_ends_the_wait_with_its_own_words(sites: Sites) -> None:
    sites.east.condition = {"type": "Reconciled", "status": "False", "reason": "Error", "message": "bad region"}
    with pytest.raises(TerminalState, match="Error: bad region"):
        sites.configure("east")
    assert sites.time.seconds < 60


def test_an_error_of_the_operator_that_passes_is_waited_out(sites: Sites) -> None:
    passing, sites.east.condition = sites.east.condition, {"type": "Reconciled", "status": "False", "message": "busy"}

    def mend() -> None:
        sites.east.condition = passing
        sites.east.operate({"metadata": {"name": "ocpvirt-dr"}, "spec": {"backupLocations": [{"name": "default"}]}})

    sites.time.at(15, mend)
    assert sites.configure("east")["changed"] is True


def test_an_operator_that_does_not_run_is_a_timeout(sites: Sites) -> None:
    sites.east.condition = {}
    with pytest.raises(Timeout, match="no condition Reconciled: does the operator run"):
        sites.configure("east")


def test_an_object_store_that_velero_does_not_reach_ends_the_wait(sites: Sites) -> None:
    sites.east.phase = "Unavailable"
    with pytest.raises(TerminalState, match=r"BackupStorageLocation/openshift-adp/default.*no such bucket"):
        sites.configure("east")


def test_a_location_that_never_comes_is_a_timeout(sites: Sites) -> None:
    sites.east.existing("velero-sample")
    sites.east.delete(STORAGE_LOCATION, "velero-sample-1", SPACE)
    with pytest.raises(Timeout, match="absent, or not looked at"):
        sites.configure("east")


def test_a_plan_without_the_section_is_refused(sites: Sites) -> None:
    with pytest.raises(Refused, match=r"the plan has no metadata\.oadp"):
        configure(plan_of(), ["east"], 300, False)
    assert sites.writes == []


def test_the_authority_is_read_from_its_file(sites: Sites, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("PEM")
    sites.configure("east", ca_file=str(tmp_path / "ca.pem"))
    body = sites.east.objects["DataProtectionApplication", SPACE, "ocpvirt-dr"]
    assert body["spec"]["backupLocations"][0]["velero"]["objectStorage"]["caCert"] == "UEVN"


def test_p10_an_authority_that_is_not_there_is_named(sites: Sites, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"ca\.pem.*No such file"):
        sites.configure("east", ca_file=str(tmp_path / "ca.pem"))
    assert sites.writes == []
