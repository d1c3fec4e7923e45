# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DataProtectionApplication of a plan, and what of an existing one is in its way."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.data_protection import (
    application,
    is_too_old,
    location_of,
    lost_fields,
    obstacles,
    version_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

OADP = {"bucket": "disaster", "region": "eu-central-1"}


def wanted(authority: str | None = None, storage_location: str | None = None, **oadp: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"oadp": {**OADP, **oadp}}
    if storage_location:
        metadata["storage_location"] = storage_location
    return application(plan_of(metadata=metadata).metadata, authority)


def velero(body: dict[str, Any]) -> dict[str, Any]:
    location: dict[str, Any] = body["spec"]["backupLocations"][0]["velero"]
    return location


def by_hand(**changes: Any) -> dict[str, Any]:
    """One that somebody else made, which will do."""
    location = {
        "provider": "velero.io/aws",
        "default": True,
        "objectStorage": {"bucket": "disaster"},
        "config": {"region": "eu-central-1", "profile": "default"},
        "credential": {"name": "cloud-credentials", "key": "cloud"},
        **changes,
    }
    plugins = ["csi", "aws", "kubevirt", "openshift", "gcp"]
    return {
        "metadata": {"name": "velero-sample", "namespace": "openshift-adp"},
        "spec": {
            "configuration": {"velero": {"defaultPlugins": plugins}, "nodeAgent": {"enable": True}},
            "backupLocations": [{"velero": location}],
        },
    }


def test_an_object_store_of_amazon_needs_bucket_and_region_only() -> None:
    body = wanted()
    assert body["metadata"] == {"name": "ocpvirt-dr", "namespace": "openshift-adp"}
    assert body["spec"]["backupImages"] is False
    assert body["spec"]["configuration"] == {"velero": {"defaultPlugins": ["openshift", "kubevirt", "aws", "csi"]}}
    assert body["spec"]["backupLocations"][0]["name"] == "default"
    assert velero(body) == {
        "provider": "aws",
        "default": True,
        "objectStorage": {"bucket": "disaster"},
        "config": {"region": "eu-central-1"},
        "credential": {"name": "cloud-credentials", "key": "cloud"},
    }


def test_another_object_store_has_its_address_in_the_path_and_its_authority() -> None:
    body = wanted(
        "UEVN",
        "dr",
        prefix="velero",
        s3_url="https://s3.example.org/",
        public_url="https://s3.example.com",
        checksums=False,
        credential={"name": "store", "key": "aws"},
    )
    assert body["spec"]["backupLocations"][0]["name"] == "dr"
    assert velero(body)["objectStorage"] == {"bucket": "disaster", "prefix": "velero", "caCert": "UEVN"}
    assert velero(body)["config"] == {
        "region": "eu-central-1",
        "s3Url": "https://s3.example.org",
        "s3ForcePathStyle": "true",
        "publicUrl": "https://s3.example.com",
        "checksumAlgorithm": "",
    }
    assert velero(body)["credential"] == {"name": "store", "key": "aws"}


def test_what_an_existing_one_has_besides_is_no_obstacle() -> None:
    assert obstacles(wanted(), by_hand(), None) == []


def test_an_unnamed_secret_is_the_one_that_the_operator_takes() -> None:
    seen = by_hand()
    del velero(seen)["credential"]
    assert obstacles(wanted(), seen, None) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"objectStorage": {"bucket": "other"}}, "objectStorage.bucket: wanted 'disaster', is 'other'"),
        (
            {"objectStorage": {"bucket": "disaster", "prefix": "old"}},
            "objectStorage.prefix: wanted '', is 'old'",
        ),
        ({"config": {"region": "us-east-1"}}, "config.region: wanted 'eu-central-1', is 'us-east-1'"),
        (
            {"config": {"region": "eu-central-1", "s3Url": "https://s3.example.org"}},
            "config.s3Url: wanted '', is 'https://s3.example.org'",
        ),
        (
            {"credential": {"name": "theirs", "key": "cloud"}},
            "credential: wanted 'cloud-credentials, key cloud', is 'theirs, key cloud'",
        ),
        ({"accessMode": "ReadOnly"}, "accessMode: wanted 'ReadWrite', is 'ReadOnly'"),
        ({"provider": "azure"}, "provider: wanted 'aws', is 'azure'"),
    ],
)
def test_a_difference_is_named_with_both_values(change: dict[str, Any], found: str) -> None:
    assert obstacles(wanted(), by_hand(**change), None) == [f"backupLocations[velero-sample-1].{found}"]


def test_a_plug_in_that_lacks_is_named() -> None:
    seen = by_hand()
    seen["spec"]["configuration"]["velero"]["defaultPlugins"] = ["openshift", "aws"]
    assert obstacles(wanted(), seen, None) == [
        "configuration.velero.defaultPlugins: wanted 'kubevirt' in it, is openshift, aws",
        "configuration.velero.defaultPlugins: wanted 'csi' in it, is openshift, aws",
    ]


def test_a_location_of_another_kind_is_not_taken_for_ours() -> None:
    seen = by_hand()
    seen["spec"]["backupLocations"] = [{"bucket": {"cloudStorageRef": {"name": "cloud"}, "default": True}}]
    assert "backupLocations[velero-sample-1].cloudStorageRef: wanted None, is 'cloud'" in obstacles(
        wanted(), seen, None
    )


def test_the_plan_looks_for_its_own_location_only() -> None:
    seen = by_hand(default=False)
    assert obstacles(wanted(), seen, None) == ["backupLocations: wanted a default one, there is none"]
    assert obstacles(wanted(), seen, "dr") == ["backupLocations: wanted dr, there is none"]
    seen["spec"]["backupLocations"][0]["name"] = "dr"
    assert obstacles(wanted(), seen, "dr") == []
    assert location_of(seen, "dr") == ("dr", seen["spec"]["backupLocations"][0])


def test_what_we_create_is_what_we_would_adopt() -> None:
    for body in (wanted(), wanted("UEVN", "dr", s3_url="http://10.0.0.1:9000", checksums=False)):
        assert obstacles(body, body, body["spec"]["backupLocations"][0]["name"]) == []


def test_fields_that_a_server_dropped_are_named() -> None:
    body = wanted()
    seen = copy.deepcopy(body)
    seen["metadata"]["uid"] = "1"
    assert lost_fields(body, seen) == []
    del seen["spec"]["backupImages"]
    del velero(seen)["config"]["region"]
    assert lost_fields(body, seen) == ["spec.backupImages", "spec.backupLocations[0].velero.config.region"]


def service(name: str, version: str, phase: str = "Succeeded") -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"version": version}, "status": {"phase": phase}}


def test_the_version_is_that_of_the_operator_that_runs() -> None:
    services = [
        service("kubevirt-hyperconverged-operator.v4.18.3", "4.18.3"),
        service("oadp-operator.v1.4.2", "1.4.2", "Replacing"),
        service("oadp-operator.v1.4.10", "1.4.10"),
    ]
    assert version_of(services) == "1.4.10"
    assert version_of(services[:2]) == "1.4.2"
    assert version_of(services[:1]) == ""


@pytest.mark.parametrize(("version", "too_old"), [("1.4.2", True), ("1.4.3", False), ("1.4.10", False), ("", False)])
def test_versions_are_compared_as_numbers(version: str, too_old: bool) -> None:
    assert is_too_old(version) is too_old
