# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.ignored import ignored_values


def noted(where: str, value: str) -> dict[str, Any]:
    return {"metadata": {"name": "web", "namespace": "shop", where: {"dr.ocpvirt.io/start": value}}}


@pytest.mark.parametrize("value", ["no", "false", "nevr", ""])
@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_p10_a_value_that_keeps_nothing_off_is_told_before_the_vm_starts(where: str, value: str) -> None:
    (finding,) = ignored_values({"VirtualMachine/shop/web": noted(where, value)}, "east")
    assert (finding.severity, finding.code, finding.on) == ("warning", "StartIgnored", "VirtualMachine/shop/web")
    assert finding.message.startswith(f"dr.ocpvirt.io/start is {value!r}")
    assert finding.remedy == 'dr.ocpvirt.io/start: "never", or remove it'


def test_what_keeps_a_vm_off_and_what_says_nothing_are_no_findings() -> None:
    quiet = {"metadata": {"name": "db", "namespace": "shop"}}
    objects = {"VirtualMachine/shop/web": noted("annotations", "Never"), "VirtualMachine/shop/db": quiet}
    assert list(ignored_values(objects, "east")) == []
