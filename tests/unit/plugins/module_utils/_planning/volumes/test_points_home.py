# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After its rule nothing of a volume may point to the site that it comes from."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.compare import points_home
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.volumes.nfs_volumes import (
    CSI_NFS_PV,
    NFS_PV,
    NFS_RULES,
    decide,
    pv,
    refusal_of,
    rules,
)

SERVER_ONLY = """
- match: {}
  set: {east: {csi.volumeAttributes.server: 192.0.2.10}, west: {csi.volumeAttributes.server: 198.51.100.10}}
"""
TEMPLATE_ONLY = """
- match: {csi: {volumeHandle: "[^#]+#[^#]+#(?P<volume>[^#]+)##"}}
  set:
    east: {csi.volumeHandle: "192.0.2.10#exports#{match.volume}##"}
    west: {csi.volumeHandle: "198.51.100.10#dr#{match.volume}##"}
"""


def test_p2_refuses_a_handle_that_still_holds_the_other_sites_address() -> None:
    error = refusal_of(CSI_NFS_PV, SERVER_ONLY)
    assert error.seen == "after rule 0 it still holds '192.0.2.10#exports#pvc-42##', a value of the other site"


def test_p2_refuses_an_address_that_only_a_template_of_the_other_site_names() -> None:
    assert "it still holds '192.0.2.10'" in refusal_of(CSI_NFS_PV, TEMPLATE_ONLY).seen


def test_p2_refuses_mount_options_that_name_the_other_site() -> None:
    volume = pv(nfs={"server": "192.0.2.10", "path": "/exports/payroll/pv-1"}, mountOptions=["addr=192.0.2.10"])
    assert "'addr=192.0.2.10'" in refusal_of(volume, NFS_RULES).seen


def test_p2_an_address_that_begins_like_the_other_sites_is_not_it() -> None:
    volume = pv(nfs={"server": "192.0.2.10", "path": "/exports/payroll/pv-1"}, mountOptions=["addr=192.0.2.101"])
    assert decide(volume).pv["spec"]["mountOptions"] == ["addr=192.0.2.101"]


def test_p2_what_both_sites_share_is_no_value_of_the_other_site() -> None:
    text = NFS_RULES.replace("198.51.100.10, nfs.path", "192.0.2.10, nfs.path").replace("198.51.100.10,", "192.0.2.10,")
    assert decide(NFS_PV, text).pv["spec"]["nfs"]["server"] == "192.0.2.10"


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"nfs": {"server": "198.51.100.10"}}, []),
        ({"nfs": {"server": "192.0.2.10"}}, ["192.0.2.10"]),
        ({"csi": {"volumeAttributes": {"monitors": "10.0.0.1,192.0.2.10"}}}, ["10.0.0.1,192.0.2.10"]),
        ({"mountOptions": ["vers=4", "addr=192.0.2.10"]}, ["addr=192.0.2.10"]),
        ({"storageClassName": "east-nfs"}, ["east-nfs"]),
    ],
)
def test_p2_what_points_home_is_found_wherever_it_hides(spec: dict[str, Any], found: list[str]) -> None:
    assert points_home([spec], rules(NFS_RULES)[0], "west") == found


def test_p2_a_claim_that_is_called_like_the_other_sites_class_does_not_point_home() -> None:
    spec = {"claimRef": {"namespace": "payroll", "name": "east-nfs"}, "volumeName": "east-nfs"}
    assert points_home([spec], rules(NFS_RULES)[0], "west") == []
