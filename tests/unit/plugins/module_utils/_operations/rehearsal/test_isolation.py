# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    ATTACHMENT_DEFINITION,
    NAMESPACE,
    NETWORK_POLICY,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import CREATED_BY, rehearsal_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal import isolation
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal.isolation import isolate, open_points
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal.place import enter
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.rehearsal.rehearsal_world import (
    PLAN,
    RUN,
    SPACE,
    RehearsingSession,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

VM = {
    "metadata": {"name": "db-0", "namespace": "payroll"},
    "spec": {"template": {"spec": {"networks": [{"name": "lan", "multus": {"networkName": "lan"}}]}}},
}


class OneCapture:
    def manifests(self, _api: MemoryApi, name: str) -> Capture:
        return Capture(name, {"virtualmachines.kubevirt.io": [VM]})


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> RehearsingSession:
    found = RehearsingSession(MemoryApi())
    found.put("capture", {"name": "c-1", "vms": ["payroll/db-0"]})
    monkeypatch.setattr(isolation, "Session", found)
    monkeypatch.setattr(isolation, "source_of", lambda _plan: OneCapture())
    return found


def namespace(labels: dict[str, str], run_id: str = "") -> dict[str, Any]:
    meta = {"name": SPACE, "labels": labels, "annotations": {CREATED_BY: run_id}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def test_policies_are_there_before_anything_else_can_be(session: RehearsingSession) -> None:
    isolate(PLAN, RUN, False)
    made = [write.split()[1].partition("/")[0] for write in session.api.writes]
    assert made == ["Namespace", "NetworkPolicy", "NetworkPolicy", "NetworkAttachmentDefinition"]
    assert session.api.find(ATTACHMENT_DEFINITION, "lan", SPACE)


def test_p5_the_same_run_finds_its_own_namespace(session: RehearsingSession) -> None:
    isolate(PLAN, RUN, False)
    session.api.writes.clear()
    isolate(PLAN, RUN, False)
    assert session.api.writes == []


def test_the_replication_of_the_first_attempt_is_what_is_compared(session: RehearsingSession) -> None:
    isolate(PLAN, RUN, False)
    before = session.load("rehearsal")
    session.here = []
    isolate(PLAN, RUN, False)
    assert session.load("rehearsal") == before


def test_p9_check_mode_makes_nothing_and_says_what(session: RehearsingSession) -> None:
    found = isolate(PLAN, RUN, True)
    assert session.api.writes == []
    assert found["decisions"][0] == f"Namespace/{SPACE} is made"


@pytest.mark.parametrize(
    ("labels", "step"), [({}, "rename it"), ({rehearsal_label("payroll"): "true"}, "run test_cleanup")]
)
def test_p8_a_namespace_of_somebody_else_or_of_another_rehearsal_is_not_entered(
    session: RehearsingSession, labels: dict[str, str], step: str
) -> None:
    session.api.create(NAMESPACE, namespace(labels, "another"))
    session.api.writes.clear()
    with pytest.raises(Refused) as refusal:
        isolate(PLAN, RUN, False)
    assert step in (refusal.value.next_step or "")
    assert session.api.writes == []


def test_an_isolation_as_it_was_made_has_no_open_point(session: RehearsingSession) -> None:
    isolate(PLAN, RUN, False)
    enter(session)  # type: ignore[arg-type]
    assert open_points(session) == []  # type: ignore[arg-type]


def test_a_policy_that_is_gone_and_one_that_somebody_added_are_open_points(session: RehearsingSession) -> None:
    isolate(PLAN, RUN, False)
    session.api.delete(NETWORK_POLICY, "dr-rehearsal-deny-all", SPACE)
    session.api.create(NETWORK_POLICY, {"metadata": {"name": "allow", "namespace": SPACE}, "spec": {}})
    enter(session)  # type: ignore[arg-type]
    found = open_points(session)  # type: ignore[arg-type]
    assert [text.split(" is ")[0] for text in found] == [
        f"NetworkPolicy/{SPACE}/dr-rehearsal-deny-all",
        f"NetworkPolicy/{SPACE}/allow",
    ]
