# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OADP's own definition takes the DataProtectionApplication that we write, and has the fields that we read."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DATA_PROTECTION_APPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.data_protection import lost_fields
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.custom_resource import FieldPath
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import ApiServer
from ansible_collections.ocpvirt.dr.tests.conformance.applications import applications
from ansible_collections.ocpvirt.dr.tests.conformance.definitions import DRY, Served

# what obstacles, location_of and the wait for the operator look at
VELERO = "spec.backupLocations[].velero"
READ = (
    FieldPath("spec.configuration.velero.defaultPlugins"),
    FieldPath("spec.backupLocations", ("name", "velero", "bucket")),
    *(FieldPath(f"{VELERO}.{name}") for name in ("provider", "default", "config", "accessMode")),
    *(FieldPath(f"{VELERO}.objectStorage.{name}") for name in ("bucket", "prefix", "caCert")),
    *(FieldPath(f"{VELERO}.credential.{name}") for name in ("name", "key")),
    FieldPath("spec.backupLocations[].bucket.default"),
    FieldPath("spec.backupLocations[].bucket.cloudStorageRef.name"),
    FieldPath("status.conditions", ("type", "status", "reason", "message")),
)
APPLICATIONS = applications()


def names(body: Any) -> str | None:
    return str(body["metadata"]["name"]) if isinstance(body, dict) else None


@pytest.mark.parametrize("body", APPLICATIONS, ids=names)
def test_an_application_is_accepted(server: ApiServer, body: dict[str, Any]) -> None:
    assert Served(server, DATA_PROTECTION_APPLICATION).rejection(body) == ""


@pytest.mark.parametrize("body", APPLICATIONS, ids=names)
def test_no_field_of_it_is_dropped(server: ApiServer, body: dict[str, Any]) -> None:
    path = DATA_PROTECTION_APPLICATION.path(body["metadata"]["namespace"])
    status, answer = server.call("POST", path, body, **DRY)
    assert status == 201
    assert lost_fields(body, answer) == []


def test_every_field_that_is_read_exists(server: ApiServer) -> None:
    served = Served(server, DATA_PROTECTION_APPLICATION)
    assert served.unknown_fields(READ) == []
    assert served.unknown_fields([FieldPath(f"{VELERO}.invented")]) != []


def test_a_field_that_the_definition_lacks_is_found_in_what_the_server_answers(server: ApiServer) -> None:
    body = copy.deepcopy(APPLICATIONS[0])
    body["spec"]["invented"] = True
    path = DATA_PROTECTION_APPLICATION.path(body["metadata"]["namespace"])
    status, answer = server.call("POST", path, body, dryRun="All")
    assert status == 201
    assert lost_fields(body, answer) == ["spec.invented"]


def misspelt(body: dict[str, Any]) -> None:
    body["spec"]["backupLocations"][0]["velero"]["objectStore"] = {"bucket": "disaster"}


def unknown_plugin(body: dict[str, Any]) -> None:
    body["spec"]["configuration"]["velero"]["defaultPlugins"].append("kube-virt")


def without_bucket(body: dict[str, Any]) -> None:
    del body["spec"]["backupLocations"][0]["velero"]["objectStorage"]["bucket"]


@pytest.mark.parametrize("change", [misspelt, unknown_plugin, without_bucket])
def test_a_wrong_application_would_be_found(server: ApiServer, change: Callable[[Any], None]) -> None:
    wrong = copy.deepcopy(APPLICATIONS[0])
    change(wrong)
    assert Served(server, DATA_PROTECTION_APPLICATION).rejection(wrong) != ""
