# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.start_facts import start_facts


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("db-0", "payroll/db-0"),
        ("shared/db-0", "shared/db-0"),
        ("VirtualMachine/db-0", "payroll/db-0"),
        ("Deployment/front", "Deployment/payroll/front"),
        ("StatefulSet/shared/store", "StatefulSet/shared/store"),
    ],
)
def test_vms_and_workloads_can_be_depended_on(written: str, key: str) -> None:
    meta = {"namespace": "payroll", "annotations": {"dr.ocpvirt.io/depends-on": written}}
    assert start_facts(meta, "VirtualMachine payroll/app-0").depends_on == (key,)


def test_what_only_orders_is_read_apart_from_what_blocks() -> None:
    meta = {"namespace": "payroll", "annotations": {"dr.ocpvirt.io/start-after": "db-0, Deployment/shared/queue"}}
    facts = start_facts(meta, "VirtualMachine payroll/app-0")
    assert (facts.start_after, facts.depends_on) == (("payroll/db-0", "Deployment/shared/queue"), ())
