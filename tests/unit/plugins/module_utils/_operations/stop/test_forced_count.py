# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is counted as forced off: VMs whose power was taken, and no other words about them."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Failed
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.stop.shutdown_world import Stop


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Stop:
    stop = Stop(monkeypatch)
    stop.east.stubborn.add("app")
    return stop


def test_a_vm_that_was_about_to_end_lost_no_power(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(_path: str, _body: object, _on: str) -> None:
        stop.east.delete(VMI, "app", "payroll")
        raise Conflict("PUT", seen="VM is not running", status=409)

    monkeypatch.setattr(stop.east, "put_subresource", ended)
    result = stop.run(force=True)
    assert (result["forced"], result["decisions"]) == (0, ["payroll/app: was about to end"])
    assert "by force" not in result["msg"]


def test_a_guest_that_could_not_be_let_go_on_is_not_counted_twice(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    put = stop.east.put_subresource

    def answer(path: str, body: dict[str, object], on: str) -> None:
        if path.endswith("unfreeze"):
            raise Failed("PUT", seen="the agent does not answer", status=500)
        put(path, body, on)

    monkeypatch.setattr(stop.east, "put_subresource", answer)
    result = stop.run(force=True, freeze=True)
    assert result["forced"] == 1
    assert any("goes on by itself" in said for said in result["decisions"])
