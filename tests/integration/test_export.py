# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lost site and manifests that we exported ourselves: Velero has no part in it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.exports import Exported
from ansible_collections.ocpvirt.dr.tests.integration.world import (
    VELERO,
    World,
    assert_as_it_must_be,
    must,
    resource_versions,
)
from demo.workload import NAMESPACE


@pytest.fixture(scope="module")
def failed_over(exported: Exported) -> World:
    must(exported.world.failover(plan=exported.in_s3))
    return exported.world


def test_p9_check_mode_reads_the_export_and_writes_nothing(exported: Exported) -> None:
    west = exported.world.cluster("west")
    before = resource_versions(west)
    played = must(exported.world.failover("--check", "-v", plan=exported.in_directory))
    assert resource_versions(west) == before
    sites = exported.world.sites
    assert f"'{sites['east']['nfs_server']}' becomes '{sites['west']['nfs_server']}'" in played.output


def test_a_failover_from_s3_ends_with_every_vm_running(failed_over: World) -> None:
    assert_as_it_must_be(failed_over)


def test_what_vms_need_came_with_its_labels_and_belongs_to_us(failed_over: World) -> None:
    west = failed_over.cluster("west")
    secret = west.get("Secret", "cloud-init", NAMESPACE)
    assert secret["data"].keys() == {"userdata"}
    assert secret["metadata"]["labels"]["protected.dr.ocpvirt.io/payroll"] == "true"
    assert "ocpvirt-dr" in {field["manager"] for field in secret["metadata"]["managedFields"]}
    assert west.get("Service", "web", NAMESPACE)["spec"]["ports"][0]["port"] == 443


def test_velero_was_asked_for_nothing(failed_over: World) -> None:
    assert velero_objects(failed_over, "west") == []


def test_nobody_else_may_read_the_export(exported: Exported) -> None:
    modes = {path.stat().st_mode & 0o077 for path in exported.directory.rglob("*")}
    assert modes == {0}


def velero_objects(world: World, site: str) -> list[Any]:
    cluster = world.cluster(site)
    paths = [f"/apis/velero.io/v1/namespaces/{VELERO}/{plural}" for plural in ("backups", "restores", "schedules")]
    return [item["metadata"]["name"] for path in paths for item in cluster.call("GET", path)["items"]]
