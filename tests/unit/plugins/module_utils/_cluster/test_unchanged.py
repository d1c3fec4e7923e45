# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.unchanged import ATTEMPTS, patch_unchanged
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


class BusyApi(MemoryApi):
    """Somebody else changes the strategy right before each of so many patches."""

    def __init__(self, others: list[str]) -> None:
        super().__init__()
        self._others = others

    def patch(self, kind: Any, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        if self._others:
            super().patch(kind, name, namespace, {"spec": {"runStrategy": self._others.pop(0)}})
        return super().patch(kind, name, namespace, body)


def site_with_vm(others: list[str]) -> tuple[BusyApi, dict[str, Any]]:
    api = BusyApi(others)
    metadata = {"name": "db", "namespace": "payroll"}
    return api, api.create(VM, {"metadata": metadata, "spec": {"runStrategy": "Always"}})


def halted(seen: dict[str, Any]) -> dict[str, Any]:
    was = seen["spec"]["runStrategy"]
    return {"metadata": {"annotations": {"was": was}}, "spec": {"runStrategy": "Halted"}}


def test_what_is_recorded_is_what_the_patch_replaces() -> None:
    api, vm = site_with_vm(["Manual", "RerunOnFailure"])
    patch_unchanged(api, VM, vm, halted)
    now = api.get(VM, "db", "payroll")
    assert (now["metadata"]["annotations"], now["spec"]) == ({"was": "RerunOnFailure"}, {"runStrategy": "Halted"})


def test_somebody_who_never_stops_writing_is_a_conflict() -> None:
    api, vm = site_with_vm(["Manual"] * ATTEMPTS)
    with pytest.raises(Conflict):
        patch_unchanged(api, VM, vm, halted)
    assert api.get(VM, "db", "payroll")["spec"]["runStrategy"] == "Manual"
