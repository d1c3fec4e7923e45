# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.sure_writes import (
    create_surely,
    holds,
    patch_surely,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.double import (
    AddonsApi,
    Storage,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime

SECONDARY = {"spec": {"replicationState": "secondary"}}


@pytest.fixture
def api() -> AddonsApi:
    return AddonsApi("east", SimulatedTime(), Storage())


def body(**meta: Any) -> dict[str, Any]:
    found = replication("disk-0", "disk-0")
    return {**found, "metadata": {**found["metadata"], **meta}}


def test_what_was_made_although_the_answer_was_lost_is_taken(api: AddonsApi) -> None:
    api.loses_answers = 1
    assert create_surely(api, VOLUME_REPLICATION, body())["metadata"]["uid"] == "1"  # type: ignore[arg-type]


def test_p8_what_is_there_and_otherwise_is_a_conflict(api: AddonsApi) -> None:
    api.create(VOLUME_REPLICATION, body(labels={"of": "somebody else"}))
    with pytest.raises(Conflict):
        create_surely(api, VOLUME_REPLICATION, body(labels={"of": "us"}))  # type: ignore[arg-type]


def test_what_is_gone_again_after_a_conflict_is_a_conflict(api: AddonsApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api.loses_answers = 1
    monkeypatch.setattr(api, "list", lambda *_arguments: [])
    with pytest.raises(Conflict):
        create_surely(api, VOLUME_REPLICATION, body())  # type: ignore[arg-type]


@pytest.mark.parametrize(("conflicts", "passes"), [(4, True), (5, False)])
def test_a_patch_is_written_again_after_so_many_conflicts(api: AddonsApi, conflicts: int, passes: bool) -> None:
    api.create(VOLUME_REPLICATION, body())
    api.conflicts = conflicts
    if passes:
        stored = patch_surely(api, VOLUME_REPLICATION, "disk-0", "payroll", SECONDARY)  # type: ignore[arg-type]
        assert stored["spec"]["replicationState"] == "secondary"
    else:
        with pytest.raises(Conflict):
            patch_surely(api, VOLUME_REPLICATION, "disk-0", "payroll", SECONDARY)  # type: ignore[arg-type]


def test_a_field_that_the_definition_lacks_is_refused_and_not_dropped(api: AddonsApi) -> None:
    api.create(VOLUME_REPLICATION, body())
    api.lacks, api.writes = {"replicationState"}, []
    with pytest.raises(Failed, match="unknown field"):
        create_surely(api, VOLUME_REPLICATION, {**body(), "metadata": {"name": "other"}})  # type: ignore[arg-type]
    with pytest.raises(Failed, match="unknown field"):
        patch_surely(api, VOLUME_REPLICATION, "disk-0", "payroll", SECONDARY)  # type: ignore[arg-type]
    assert api.writes == []


@pytest.mark.parametrize(
    ("item", "patch", "held"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, True),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, False),
        ({"a": {}}, {"a": {"b": None}}, True),
        ({"a": [1, 2]}, {"a": [1]}, False),
        ({}, {"a": {"b": 1}}, False),
        (None, {}, False),
    ],
)
def test_an_object_holds_what_a_patch_would_not_change(item: Any, patch: Any, held: bool) -> None:
    assert holds(item, patch) is held
