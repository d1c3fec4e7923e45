# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a name that is taken already says of the request that made it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import TRIDENT_MIRROR_RELATIONSHIP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.made_once import create_once
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


def wanted() -> dict[str, Any]:
    meta = {"name": "disk-0", "namespace": "payroll", "labels": {"plan": "payroll"}}
    return {"metadata": meta, "spec": {"state": "promoted", "volumeMappings": [{"localPVCName": "disk-0"}]}}


def test_what_was_made_of_the_same_request_is_returned_as_the_server_has_it() -> None:
    api: Any = MemoryApi()
    stored = wanted()
    stored["spec"] |= {"replicationPolicy": ""}
    stored["spec"]["volumeMappings"][0]["remoteVolumeHandle"] = ""
    api.create(TRIDENT_MIRROR_RELATIONSHIP, stored)
    assert create_once(api, TRIDENT_MIRROR_RELATIONSHIP, wanted())["spec"] == stored["spec"]
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
    stored: Any = wanted()
    at = stored
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    api.create(TRIDENT_MIRROR_RELATIONSHIP, stored)
    with pytest.raises(Conflict):
        create_once(api, TRIDENT_MIRROR_RELATIONSHIP, wanted())


def test_what_went_away_again_is_a_conflict_all_the_same() -> None:
    api: Any = MemoryApi()
    api.create(TRIDENT_MIRROR_RELATIONSHIP, wanted())
    api.find = lambda *_arguments: None
    with pytest.raises(Conflict):
        create_once(api, TRIDENT_MIRROR_RELATIONSHIP, wanted())
