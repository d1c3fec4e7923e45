# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that was approved by a fingerprint begins in that world only, and says what is different."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, TerminalState
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture, CaptureInfo
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import approval, begin
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import PLAN, TwoSites
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

TO_WEST = RunAsked("relocate", "west")
LOST = RunAsked("failover", "west", "east")
NO_PICTURE = f"{'a' * 32}-{'b' * 32}-{'c' * 32}"


def vm(**spec: Any) -> dict[str, Any]:
    return {
        "kind": "VirtualMachine",
        "metadata": {"namespace": "payroll", "name": "db-0", "labels": {"dr.ocpvirt.io/plan": "payroll"}},
        "spec": {"runStrategy": "Always", "template": {"spec": {"domain": {}}}, **spec},
        "status": {"created": True},
    }


class Approving:
    """A VM at east, and a person who approves what a run in check mode shows."""

    def __init__(self, sites: TwoSites) -> None:
        self.sites = sites
        self.east.create(VM, vm())

    @property
    def east(self) -> MemoryApi:
        return self.sites.apis["east"]

    def approved(self, asked: RunAsked, plan: Plan = PLAN) -> RunAsked:
        return replace(asked, fingerprint=begin.begin_run(plan, asked, True)["fingerprint"])

    def refused(self, asked: RunAsked, plan: Plan = PLAN) -> str:
        with pytest.raises(Refused) as caught:
            begin.begin_run(plan, asked, False)
        assert [
            run for api in self.sites.apis.values() for run in RunStore(api, PLAN.store_namespace).heads("payroll")
        ] == []  # type: ignore[arg-type]
        return str(caught.value)

    def runs(self) -> list[dict[str, Any]]:
        stores = [RunStore(api, PLAN.store_namespace) for api in self.sites.apis.values()]  # type: ignore[arg-type]
        return [head for store in stores for head in store.heads(PLAN.name)]


@pytest.fixture
def approving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Approving:
    monkeypatch.setenv("OCPVIRT_DR_PROGRESS_DIR", str(tmp_path / "progress"))
    return Approving(TwoSites(monkeypatch))


class Captures:
    """A metadata source whose captures are given, the newest first; of one that is torn there are no manifests."""

    def __init__(self, *captures: tuple[str, dict[str, Any] | None]) -> None:
        self._captures = dict(captures)

    def __call__(self, _plan: Plan) -> Captures:
        """In the place of source_of."""
        return self

    def catalog(self, _api: MemoryApi) -> list[CaptureInfo]:
        return [CaptureInfo(name, "east", "2026-03-01T02:00:00Z", "Completed", True) for name in self._captures]

    def manifests(self, _api: MemoryApi, name: str) -> Capture:
        found = self._captures[name]
        if found is None:
            raise TerminalState("read a capture", seen="it is torn")
        return Capture(name, {VM.resource: [found]})


def test_an_approved_run_begins_and_records_what_allowed_it(approving: Approving) -> None:
    asked = approving.approved(TO_WEST)
    assert begin.begin_run(PLAN, asked, False)["needed"]
    assert [head["approved"] for head in approving.runs()] == [asked.fingerprint]


def test_p9_to_show_what_may_be_approved_writes_nothing(approving: Approving) -> None:
    written = {name: list(api.writes) for name, api in approving.sites.apis.items()}
    approving.approved(TO_WEST)
    assert {name: api.writes for name, api in approving.sites.apis.items()} == written


def test_a_drifted_object_is_named_and_nothing_begins(approving: Approving) -> None:
    asked = approving.approved(TO_WEST)
    approving.east.patch(VM, "db-0", "payroll", {"spec": {"template": {"spec": {"domain": {"cpu": {}}}}}})
    approving.east.create(VM, vm() | {"metadata": vm()["metadata"] | {"name": "db-1"}})
    message = approving.refused(asked)
    assert (
        "2 differences: VirtualMachine/payroll/db-0 was changed: spec.template; VirtualMachine/payroll/db-1 is new"
        in message
    )
    assert f"wanted: what was approved as {asked.fingerprint}" in message


def test_the_fingerprint_of_a_refusal_is_the_one_to_approve_next(approving: Approving) -> None:
    asked = approving.approved(TO_WEST)
    approving.east.patch(VM, "db-0", "payroll", {"spec": {"runStrategy": "Manual"}})
    new = approving.refused(asked).rpartition("dr_fingerprint=")[2]
    approving.east.patch(VM, "db-0", "payroll", {"spec": {"runStrategy": "Always"}})
    again = approving.refused(replace(TO_WEST, fingerprint=new))
    assert "db-0 was Manual, off and is Always, running" in again
    assert begin.begin_run(PLAN, asked, False)["needed"]


def test_a_drifted_plan_is_told_by_its_path_and_values(approving: Approving) -> None:
    asked = approving.approved(TO_WEST, plan_of(startup={"max_starting": 8}))
    message = approving.refused(asked, plan_of(startup={"max_starting": 40}))
    assert "plan: startup.max_starting was 8 and is 40" in message


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        (RunAsked("relocate", "west", open_gates=()), ""),
        (RunAsked("failover", "west", "east", accept_loss="2h"), "dr_accept_loss is new: 2h"),
    ],
)
def test_a_drifted_decision_is_told(approving: Approving, asked: RunAsked, difference: str) -> None:
    approved = approving.approved(TO_WEST)
    if not difference:
        assert begin.begin_run(PLAN, replace(asked, fingerprint=approved.fingerprint), False)["needed"]
    else:
        message = approving.refused(replace(asked, fingerprint=approved.fingerprint))
        assert difference in message
        assert "operation was relocate and is failover" in message


def test_a_source_that_came_back_is_another_world_than_a_silent_one(
    approving: Approving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval, "source_of", Captures(("night", vm())))
    approving.sites.unreachable.add("east")
    asked = approving.approved(LOST)
    approving.sites.unreachable.clear()
    assert "API server of east was unreachable and is reachable" in approving.refused(asked)


def test_p4_a_failover_is_approved_by_its_capture_whatever_has_become_of_the_source(
    approving: Approving, monkeypatch: pytest.MonkeyPatch
) -> None:
    approving.sites.unreachable.add("east")
    monkeypatch.setattr(approval, "source_of", Captures(("torn", None), ("night", vm())))
    asked = approving.approved(LOST)
    monkeypatch.setattr(approval, "source_of", Captures(("of this hour, and the same", vm()), ("night", vm())))
    assert begin.begin_run(PLAN, asked, False)["needed"]


def test_a_newer_capture_with_another_content_is_a_drift(approving: Approving, monkeypatch: pytest.MonkeyPatch) -> None:
    approving.sites.unreachable.add("east")
    monkeypatch.setattr(approval, "source_of", Captures(("night", vm())))
    asked = approving.approved(LOST)
    monkeypatch.setattr(approval, "source_of", Captures(("noon", vm(runStrategy="Manual")), ("night", vm())))
    assert "VirtualMachine/payroll/db-0 was Always, running and is Manual, off" in approving.refused(asked)


def test_p5_a_killed_run_goes_on_by_the_same_command_though_it_has_changed_the_world(approving: Approving) -> None:
    asked = approving.approved(TO_WEST)
    begin.begin_run(PLAN, asked, False)
    approving.east.patch(VM, "db-0", "payroll", {"spec": {"runStrategy": "Halted"}})
    assert begin.begin_run(PLAN, asked, False)["attempt"] == 2


def test_a_run_that_nobody_approved_is_no_reason_to_begin_an_approved_one(approving: Approving) -> None:
    asked = approving.approved(TO_WEST)
    begin.begin_run(PLAN, TO_WEST, False)
    approving.east.patch(VM, "db-0", "payroll", {"spec": {"runStrategy": "Halted"}})
    with pytest.raises(Refused, match="db-0 was Always, running and is Halted, off"):
        begin.begin_run(PLAN, asked, False)


def test_without_the_kept_picture_it_still_tells_which_part_has_changed(approving: Approving, tmp_path: Path) -> None:
    asked = approving.approved(TO_WEST)
    shutil.rmtree(tmp_path / "progress")
    approving.east.create(VM, vm() | {"metadata": vm()["metadata"] | {"name": "db-1"}})
    assert "seen: the protected objects have changed; what of them" in approving.refused(asked)


def test_what_is_to_do_nothing_asks_for_no_approval(approving: Approving) -> None:
    approving.sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    assert not begin.begin_run(PLAN, replace(TO_WEST, fingerprint=NO_PICTURE), False)["needed"]


def test_a_run_without_a_fingerprint_looks_at_no_object(approving: Approving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval, "take_picture", lambda *_world: pytest.fail("it looked"))
    assert begin.begin_run(PLAN, TO_WEST, False)["fingerprint"] == ""
