# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, VM, VMI, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import (
    CREATED_BY,
    protected_label,
    rehearsal_label,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal import removal
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal.removal import clean_up
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.rehearsal.rehearsal_world import (
    PLAN,
    RUN,
    SPACE,
    KubeVirtApi,
    RehearsingSession,
    cleaning,
    pv_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

LABELS = {rehearsal_label("payroll"): "true"}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> RehearsingSession:
    """A rehearsal of one VM, beside what is of others."""
    api = KubeVirtApi()
    for name, labels in ((SPACE, LABELS), ("payroll", {}), ("other-rehearsal", {})):
        made = {CREATED_BY: RUN} if labels else {}
        api.create(NAMESPACE, {"kind": "Namespace", "metadata": {"name": name, "labels": labels, "annotations": made}})
    api.create(VM, {"kind": "VirtualMachine", "metadata": {"name": "db-0", "namespace": SPACE}})
    api.create(VM, {"kind": "VirtualMachine", "metadata": {"name": "db-0", "namespace": "payroll"}})
    mine = pv_of("db-0", "/dr/copy/db-0")
    mine["metadata"]["labels"] = LABELS
    api.create(PV, mine)
    api.create(PV, pv_of("staged", "/dr/payroll/staged", space="payroll"))
    api.writes.clear()
    found = cleaning(api)
    found.product.copies = {"rehearsal-payroll", "rehearsal-other"}
    monkeypatch.setattr(removal, "Session", found)
    return found


def names(api: MemoryApi) -> set[str]:
    return {f"{kind}/{name}" for kind, _space, name in api.objects}


def clean(check_mode: bool = False) -> dict[str, Any]:
    return clean_up(PLAN, RUN, 60, check_mode)


def test_p8_all_of_the_rehearsal_goes_and_nothing_else(session: RehearsingSession) -> None:
    assert clean()["changed"]
    left = {"Namespace/payroll", "Namespace/other-rehearsal", "VirtualMachine/db-0", "PersistentVolume/pv-staged"}
    assert names(session.api) == left
    assert session.api.find(VM, "db-0", "payroll")
    assert session.product.copies == {"rehearsal-other"}


@pytest.mark.parametrize(
    ("kind", "name", "annotations"), [(NAMESPACE, "payroll", {CREATED_BY: RUN}), (NAMESPACE, "other-rehearsal", {})]
)
def test_p8_what_somebody_labelled_like_a_rehearsal_is_not_removed(
    session: RehearsingSession, kind: Kind, name: str, annotations: dict[str, str]
) -> None:
    before = names(session.api)
    session.api.patch(kind, name, None, {"metadata": {"labels": LABELS, "annotations": annotations}})
    with pytest.raises(Refused, match=f"Namespace/{name}"):
        clean()
    assert names(session.api) == before


def test_p8_a_volume_of_the_plan_is_not_removed_whatever_its_labels(session: RehearsingSession) -> None:
    before = names(session.api)
    session.api.patch(PV, "pv-staged", None, {"metadata": {"labels": {**LABELS, protected_label("payroll"): "true"}}})
    with pytest.raises(Refused, match="PersistentVolume/pv-staged"):
        clean()
    assert names(session.api) == before


def test_p5_a_second_cleanup_finds_nothing_to_do(session: RehearsingSession) -> None:
    clean()
    assert not clean()["changed"]


def test_p9_check_mode_removes_nothing_and_says_what(session: RehearsingSession) -> None:
    before = names(session.api)
    found = clean(check_mode=True)
    assert (names(session.api), len(session.product.copies)) == (before, 2)
    assert found["decisions"] == [f"Namespace/{SPACE} is removed", "PersistentVolume/pv-db-0 is removed"]


def test_copies_stay_while_a_vm_that_does_not_end_may_use_them(session: RehearsingSession) -> None:
    session.api.create(VMI, {"kind": "VirtualMachineInstance", "metadata": {"name": "db-0", "namespace": SPACE}})
    with pytest.raises(Timeout) as timeout:
        clean()
    assert f"VirtualMachineInstance/{SPACE}/db-0" in (timeout.value.seen or "")
    assert session.api.forced == [f"VirtualMachine/{SPACE}/db-0"]  # type: ignore[attr-defined]
    assert "test_cleanup" in (timeout.value.next_step or "")
    assert "rehearsal-payroll" in session.product.copies
    assert "PersistentVolume/pv-db-0" in names(session.api)


def test_what_is_left_is_named_with_what_holds_it(session: RehearsingSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.api, "delete", lambda *_arguments: True)
    session.api.objects.pop(("VirtualMachine", SPACE, "db-0"))
    with pytest.raises(Timeout, match=f"Namespace/{SPACE}: its content is being removed"):
        clean()


def test_p5_what_is_on_its_way_out_is_waited_for_and_not_asked_again(session: RehearsingSession) -> None:
    ending = {"metadata": {"deletionTimestamp": "2026-03-01T12:00:00Z"}}
    session.api.patch(NAMESPACE, SPACE, None, ending)
    with pytest.raises(Timeout, match=f"Namespace/{SPACE}"):
        clean()
    assert session.api.find(NAMESPACE, SPACE)
