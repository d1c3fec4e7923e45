# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes whose answer was lost, which others were faster with, or which the definition does not know."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    TRIDENT_MIRROR_RELATIONSHIP,
    VOLUME_REPLICATION,
)
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
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime

# a mapping in a list, to which the server adds fields of its own
MIRRORED = {
    "metadata": {"name": "disk-0", "namespace": "payroll", "labels": {"plan": "payroll"}},
    "spec": {"state": "promoted", "volumeMappings": [{"localPVCName": "disk-0"}]},
}
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


def test_what_was_made_of_the_same_request_is_returned_as_the_server_has_it() -> None:
    api: Any = MemoryApi()
    stored = copy.deepcopy(MIRRORED)
    stored["spec"] |= {"replicationPolicy": ""}
    stored["spec"]["volumeMappings"][0]["remoteVolumeHandle"] = ""
    api.create(TRIDENT_MIRROR_RELATIONSHIP, stored)
    assert create_surely(api, TRIDENT_MIRROR_RELATIONSHIP, MIRRORED)["spec"] == stored["spec"]
    assert len(api.writes) == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("metadata", "labels"), {}),
        (("metadata", "labels", "plan"), "billing"),
        (("spec", "state"), "established"),
        (("spec", "volumeMappings"), []),
        (("spec", "volumeMappings"), [{"localPVCName": "disk-1"}]),
        (("spec", "volumeMappings"), "disk-0"),
        (("spec",), None),
    ],
)
def test_p8_what_differs_in_anything_that_was_asked_for_is_somebody_elses(path: tuple[str, ...], value: Any) -> None:
    api: Any = MemoryApi()
    stored: Any = copy.deepcopy(MIRRORED)
    at = stored
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    api.create(TRIDENT_MIRROR_RELATIONSHIP, stored)
    with pytest.raises(Conflict):
        create_surely(api, TRIDENT_MIRROR_RELATIONSHIP, MIRRORED)


def test_what_is_made_anew_is_looked_for_by_its_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace may hold thousands, and a restart of the server loses several answers."""
    api: Any = MemoryApi()
    for number in range(3):
        api.create(VOLUME_REPLICATION, replication(f"disk-{number}", f"disk-{number}"))
    asked, listed = [], api.list
    monkeypatch.setattr(api, "list", lambda *given, **named: asked.append(listed(*given, **named)) or asked[-1])
    create_surely(api, VOLUME_REPLICATION, replication("disk-1", "disk-1"))
    assert [[item["metadata"]["name"] for item in found] for found in asked] == [["disk-1"]]


def test_what_is_gone_again_after_a_conflict_is_a_conflict(api: AddonsApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api.loses_answers = 1
    monkeypatch.setattr(api, "list", lambda *_arguments, **_named: [])
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
