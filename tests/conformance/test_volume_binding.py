# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the binding of volumes relies on: an API server takes these writes in this order, and refuses a stale one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.binding import completion, for_claim
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.existing import BIND_COMPLETED
from ansible_collections.ocpvirt.dr.tests.bench.many_volumes import claim, volume
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import ApiServer

Object = dict[str, Any]

SPACE = "default"
CLAIMS = f"/api/v1/namespaces/{SPACE}/persistentvolumeclaims"
MERGE = "application/merge-patch+json"


@pytest.fixture(scope="module")
def waiting(server: ApiServer) -> Object:
    """A claim that names its volume, as the API server made it."""
    status, created = server.call("POST", CLAIMS, claim(SPACE, "db-0"))
    assert status == 201, created
    return dict(created)


def test_a_claim_is_created_before_the_volume_that_it_names(waiting: Object) -> None:
    assert (waiting["spec"]["volumeName"], waiting["status"]) == ("default-db-0", {"phase": "Pending"})


def test_a_volume_is_created_for_the_uid_of_its_claim(server: ApiServer, waiting: Object) -> None:
    uid = waiting["metadata"]["uid"]
    body = for_claim(volume(SPACE, "db-0", "192.0.2.10"), uid)
    status, created = server.call("POST", "/api/v1/persistentvolumes", body)
    assert (status, created["spec"]["claimRef"]["uid"]) == (201, uid)


def test_p5_a_mark_for_another_claim_of_that_name_is_refused(server: ApiServer, waiting: Object) -> None:
    path = f"{CLAIMS}/{waiting['metadata']['name']}"
    stale = completion("00000000-0000-4000-8000-000000000000")
    status, _answer = server.call("PATCH", path, stale, content_type=MERGE)
    assert status in (409, 422)
    seen = server.call("GET", path)[1]
    assert BIND_COMPLETED not in seen["metadata"].get("annotations", {})


def test_a_mark_is_taken_and_taken_again(server: ApiServer, waiting: Object) -> None:
    path = f"{CLAIMS}/{waiting['metadata']['name']}"
    mark = completion(waiting["metadata"]["uid"])
    answers = [server.call("PATCH", path, mark, content_type=MERGE) for _time in range(2)]
    assert [status for status, _body in answers] == [200, 200]
    versions = {body["metadata"]["resourceVersion"] for _status, body in answers}
    assert len(versions) == 1
    assert answers[1][1]["metadata"]["annotations"] == {BIND_COMPLETED: "yes"}
