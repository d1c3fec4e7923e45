# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rule a volume takes, and how its templates are filled from the volume, its claim and its VM, or refused."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import patch_volume
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.volumes.nfs_volumes import (
    NFS_PV,
    NFS_RULES,
    decide,
    pvc,
    refusal_of,
    rules,
)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("/dr/{pv.name}", "/dr/pv-1"),
        ("/dr/{pvc.namespace}/{pvc.name}", "/dr/payroll/db-0"),
        ("/dr/{vm.name}.img", "/dr/postgres.img"),
        ("/mirror{pv.nfs.path}", "/mirror/exports/payroll/pv-1"),
        ("/dr/{match.volume}", "/dr/payroll/pv-1"),
    ],
)
def test_a_template_is_filled(template: str, value: str) -> None:
    text = f"""
- match: {{nfs: {{path: "/exports/(?P<volume>.+)"}}}}
  set:
    east: {{nfs.server: 192.0.2.10, nfs.path: "/exports/{{pv.name}}"}}
    west: {{nfs.server: 198.51.100.10, nfs.path: "{template}"}}
"""
    assert decide(NFS_PV, text, vm="postgres").pv["spec"]["nfs"]["path"] == value


def test_a_template_without_a_value_is_refused() -> None:
    text = """
- match: {}
  set:
    east: {nfs.server: 192.0.2.10, nfs.path: "/exports/{pv.name}"}
    west: {nfs.server: 198.51.100.10, nfs.path: "/dr/{vm.name}"}
"""
    error = refusal_of(NFS_PV, text)
    assert (error.on, error.seen) == ("PersistentVolume/pv-1", "{vm.name} has no value here")


def test_a_template_that_names_the_vm_is_refused_for_a_volume_that_two_vms_share() -> None:
    text = """
- match: {}
  set:
    east: {nfs.server: 192.0.2.10, nfs.path: "/exports/{vm.name}"}
    west: {nfs.server: 198.51.100.10, nfs.path: "/dr/{vm.name}"}
"""
    with pytest.raises(Refused) as refusal:
        patch_volume(NFS_PV, pvc(), rules(text), "west", ("db-0", "db-1"))
    assert refusal.value.seen == "{vm.name} could be any of the VMs that share it: db-0, db-1"


def test_a_volume_that_two_vms_share_is_patched_where_its_rule_does_not_name_them() -> None:
    decision = patch_volume(NFS_PV, pvc(), rules(NFS_RULES), "west", ("db-0", "db-1"))
    assert decision.pv == decide(NFS_PV).pv


def test_the_first_rule_that_matches_is_taken() -> None:
    text = """
- match: {nfs: {server: 203.0.113.1}}
  set: {east: {nfs.server: 203.0.113.1}, west: {nfs.server: 203.0.113.2}}
- match: {storage_class: east-nfs}
  set: {east: {nfs.server: 192.0.2.10}, west: {nfs.server: 198.51.100.10}}
- match: {}
  set: {east: {nfs.server: 192.0.2.10}, west: {nfs.server: 203.0.113.9}}
"""
    decision = decide(NFS_PV, text)
    assert (decision.rule, decision.pv["spec"]["nfs"]["server"]) == (1, "198.51.100.10")


def test_p2_refuses_a_volume_that_no_rule_matches() -> None:
    text = "[{match: {csi: {}}, set: {east: {csi.driver: a}, west: {csi.driver: b}}}]"
    error = refusal_of(NFS_PV, text)
    assert str(error) == (
        "patch the volume on PersistentVolume/pv-1;"
        " seen: no rule of 1 matches nfs 192.0.2.10:/exports/payroll/pv-1;"
        " wanted: a rule in volumes.rules that says what this volume is at each site;"
        " next: add a rule for it to the plan; its claim is payroll/db-0"
    )
