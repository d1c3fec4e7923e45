# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM whose power stands in the other field than the record says, as where Git brought it halted (P7)."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    KubeVirt,
    Start,
)


class Strict(KubeVirt):
    """As KubeVirt's webhook: a VM has running or runStrategy."""

    def patch(self, kind, name, namespace, body):  # type: ignore[no-untyped-def]
        stored = super().patch(kind, name, namespace, body)
        if kind == VM:
            power = {key for key in ("running", "runStrategy") if stored["spec"].get(key) is not None}
            assert len(power) == 1, f"Running and RunStrategy are mutually exclusive: {stored['spec']}"
        return stored


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return Start(monkeypatch, Strict)


def in_field(start: Start, **spec: object) -> None:
    vm = start.api.get(VM, "db-0", "payroll")
    start.api.replace(VM, {**vm, "spec": {**spec, "template": vm["spec"]["template"]}})


@pytest.mark.parametrize(
    ("power", "halted", "started"),
    [
        (PowerRecord("Always", True, running_field=True), {"runStrategy": "Halted"}, {"runStrategy": "Always"}),
        (PowerRecord("Always", True), {"running": False}, {"runStrategy": "Always"}),
        (PowerRecord("RerunOnFailure", True), {"running": False}, {"runStrategy": "RerunOnFailure"}),
    ],
    ids=["running in the record", "Always in the record", "RerunOnFailure in the record"],
)
def test_p7_a_vm_that_is_off_by_the_other_field_than_it_had_is_started(start: Start, power, halted, started) -> None:
    start.api.add("db-0", power)
    in_field(start, **halted)
    result = start.run()
    assert (result["ready"], result["failures"], start.api.recorded("db-0")) == (1, [], False)
    assert {key: value for key, value in start.api.spec("db-0").items() if value is not None} == started
