# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, NODE, VM
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._cluster.api_double import (
    CREDENTIALS,
    Pool,
    Response,
    answer,
    api_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


def test_an_object_is_read_from_its_path_with_the_credentials(time: SimulatedTime) -> None:
    api, pool = api_of(time, answer(200, {"spec": {}}))
    assert api.get(VM, "db-0", "payroll") == {"spec": {}}
    request = pool.requests[0]
    assert (request.method, request.url, request.headers["authorization"]) == (
        "GET",
        "https://api.west.example.org:6443/apis/kubevirt.io/v1/namespaces/payroll/virtualmachines/db-0",
        CREDENTIALS["authorization"],
    )


@pytest.mark.parametrize(("status", "found"), [(200, {"spec": {}}), (404, None)])
def test_find_gives_the_object_or_none(time: SimulatedTime, status: int, found: Any) -> None:
    assert api_of(time, answer(status, {"spec": {}}))[0].find(NODE, "worker-0") == found


def test_a_list_is_read_in_pages_and_its_items_say_what_they_are(time: SimulatedTime) -> None:
    def page(name: str, more: str) -> Response:
        return answer(
            200, {"metadata": {"resourceVersion": "7", "continue": more}, "items": [{"metadata": {"name": name}}]}
        )

    api, pool = api_of(time, page("a", "next"), page("b", ""))
    items, version = api.list_with_version(VM, "payroll", labels="tier=db")
    assert [(item["apiVersion"], item["kind"], item["metadata"]["name"]) for item in items] == [
        ("kubevirt.io/v1", "VirtualMachine", "a"),
        ("kubevirt.io/v1", "VirtualMachine", "b"),
    ]
    assert version == "7"
    assert [request.query.get("continue") for request in pool.requests] == [None, "next"]
    assert {request.query["labelSelector"] for request in pool.requests} == {"tier=db"}


@pytest.mark.parametrize("dry_run", [False, True])
def test_p9_a_dry_run_is_asked_for_and_only_then(time: SimulatedTime, dry_run: bool) -> None:
    api, pool = api_of(time, answer(201))
    api.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "b"}}, dry_run=dry_run)
    assert pool.requests[0].query.get("dryRun") == ("All" if dry_run else None)


@pytest.mark.parametrize("strict", [False, True])
def test_a_field_that_a_definition_lacks_is_to_be_refused_where_that_is_asked_for(
    time: SimulatedTime, strict: bool
) -> None:
    api, pool = api_of(time, answer(201), answer(200))
    api.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "b"}}, strict=strict)
    api.patch(CONFIG_MAP, "a", "b", {"data": {}}, strict=strict)
    wanted = "Strict" if strict else None
    assert [request.query.get("fieldValidation") for request in pool.requests] == [wanted, wanted]
    assert pool.requests[1].query["fieldManager"] == "ocpvirt-dr"


def test_server_side_apply_names_us_as_the_manager(time: SimulatedTime) -> None:
    api, pool = api_of(time, answer(200))
    api.apply(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "b"}})
    request = pool.requests[0]
    assert request.headers["Content-Type"] == "application/apply-patch+yaml"
    assert request.query["fieldManager"] == "ocpvirt-dr"


@pytest.mark.parametrize(("status", "deleted"), [(200, True), (404, False)])
def test_delete_says_whether_something_was_there(time: SimulatedTime, status: int, deleted: bool) -> None:
    assert api_of(time, answer(status))[0].delete(CONFIG_MAP, "a", "b") is deleted


def test_p8_a_delete_with_a_uid_is_of_that_very_object(time: SimulatedTime) -> None:
    api, pool = api_of(time, answer(200))
    api.delete(CONFIG_MAP, "a", "b", uid="77aa")
    assert pool.requests[0].body["preconditions"] == {"uid": "77aa"}


def test_a_header_with_several_values_is_sent_once_for_each(time: SimulatedTime) -> None:
    pool = Pool(answer(200))
    Api("west", "https://west", pool, {"Impersonate-Group": ["dr", "ops"]}, time.clock()).get(NODE, "worker-0")
    assert pool.requests[0].headers.getlist("Impersonate-Group") == ["dr", "ops"]


def test_of_a_list_is_kept_what_is_wanted(time: SimulatedTime) -> None:
    page = {
        "items": [{"metadata": {"name": "db-0"}}, {"metadata": {"name": "db-1"}}],
        "metadata": {"resourceVersion": "7"},
    }
    api, _pool = api_of(time, answer(200, page))
    assert api.list(VM, "payroll", keep=lambda item: item["metadata"]["name"]) == ["db-0", "db-1"]
