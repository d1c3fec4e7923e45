# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes lie in an export, and the same volumes in a copy of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import patch_volume
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.directory import (
    NfsDirectory,
    directory_of,
    in_export,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

SERVER = "198.51.100.10"
COPY = "/dr/payroll.rehearsal-payroll"


def in_tree(path: str, server: str = SERVER) -> dict[str, Any]:
    return {"metadata": {"name": "pv-db-0"}, "spec": {"nfs": {"server": server, "path": path, "readOnly": False}}}


def of_csi(driver: str = "nfs.csi.k8s.io", **attributes: str) -> dict[str, Any]:
    handle = f"{SERVER}#dr/payroll#db-0##"
    csi = {"driver": driver, "volumeHandle": handle, "volumeAttributes": {"server": SERVER, **attributes}}
    return {"metadata": {"name": "pv-db-0"}, "spec": {"csi": csi}}


def covers(pv: dict[str, Any]) -> bool:
    options = {"sites": {"west": {"server": SERVER, "path": "/dr/payroll/"}}}
    return NfsProvider({}).covers(group_with(options), "west", pv)


def group_with(options: dict[str, Any]) -> Group:
    group = {"name": "payroll", "selector": {}, "provider": "nfs", "options": options}
    return plan_of(replication={"groups": [group]}).groups[0]


@pytest.mark.parametrize(
    "pv",
    [
        in_tree("/dr/payroll/db-0"),
        in_tree("/dr/payroll"),
        of_csi(share="/dr/payroll", subdir="db-0"),
        of_csi(share="/dr", subdir="/payroll/db-0"),
        of_csi(share="/dr/payroll"),
        of_csi(Share="/dr/payroll/", subDir="db-0"),
    ],
)
def test_what_lies_in_the_export_is_the_groups_whoever_mounts_it(pv: dict[str, Any]) -> None:
    assert covers(pv)


@pytest.mark.parametrize(
    "pv",
    [
        in_tree("/dr/payroll-2/db-0"),
        in_tree("/dr/payroll/../other/db-0"),
        in_tree("/dr/payroll/db-0", server="192.0.2.10"),
        of_csi(share="/dr", subdir="payroll-2/db-0"),
        of_csi(share="/dr/payroll", subdir="../other"),
        of_csi(share=f"{COPY}", subdir="db-0"),
        of_csi(subdir="db-0"),
        of_csi(driver="other.csi.example.com", share="/dr/payroll", subdir="db-0"),
    ],
)
def test_p1_what_lies_outside_is_not(pv: dict[str, Any]) -> None:
    assert not covers(pv)


def test_a_volume_of_csi_driver_nfs_is_mounted_from_the_copy_with_a_handle_of_its_own() -> None:
    pv = of_csi(share="/dr", SubDir="payroll/db-0", mountPermissions="0")
    assert in_export(pv, COPY, "db-0")["csi"] == {
        "driver": "nfs.csi.k8s.io",
        "volumeHandle": f"{SERVER}#dr/payroll.rehearsal-payroll#db-0##",
        "volumeAttributes": {"server": SERVER, "share": COPY, "subdir": "db-0", "mountPermissions": "0"},
    }


def test_the_volume_in_the_copy_is_one_that_the_driver_takes() -> None:
    copy = {"metadata": {"name": "pv"}, "spec": in_export(of_csi(share="/dr/payroll", subdir="db-0"), COPY, "db-0")}
    rule = {"match": {"csi": {"driver": "nfs.csi.k8s.io"}}, "set": {"east": {}, "west": {}}}
    pvc = {"metadata": {"name": "db-0", "namespace": "payroll"}, "spec": {}}
    rules = plan_of(volumes={"rules": [rule]}).rules
    assert patch_volume(copy, pvc, rules, "west").pv["spec"]["csi"] == copy["spec"]["csi"]


@pytest.mark.parametrize(("below", "path"), [("db-0", f"{COPY}/db-0"), ("", COPY)])
def test_one_of_kubernetes_itself_keeps_the_rest_of_its_source(below: str, path: str) -> None:
    assert in_export(in_tree("/dr/payroll/db-0"), COPY, below) == {
        "nfs": {"server": SERVER, "path": path, "readOnly": False}
    }


def test_both_say_their_directory_alike() -> None:
    assert directory_of(in_tree("/dr/payroll/db-0/")) == NfsDirectory(SERVER, "/dr/payroll/db-0")
    assert directory_of(of_csi(share="/dr/payroll/", subdir="/db-0")) == NfsDirectory(SERVER, "/dr/payroll/db-0")
