# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What need not be restored, as it is there."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CONFIG_MAP,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export_compare import compare_with_site
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

PROTECTED = "protected.dr.ocpvirt.io/payroll"
ROUTE = Kind("route.openshift.io", "v1", "routes", "Route")


def item(kind: Kind, name: str = "web", **parts: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "payroll", "labels": {PROTECTED: "true"}, "uid": "of-east"}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": meta, **parts}


def at_site(api: MemoryApi, kind: Kind, body: dict[str, Any], **meta: Any) -> None:
    found = copy.deepcopy(body)
    found["metadata"] |= {"uid": "of-west", "managedFields": [{}], **meta}
    api.create(kind, found)


def compared(api: MemoryApi, kind: Kind, *items: dict[str, Any]) -> Any:
    return compare_with_site(api, Capture("c-1", {kind.resource: list(items)}), (), "payroll")  # type: ignore[arg-type]


@pytest.fixture
def api() -> MemoryApi:
    return MemoryApi()


def test_what_a_cluster_keeps_about_an_object_or_gives_it_is_no_difference(api: MemoryApi) -> None:
    here = item(
        SERVICE, spec={"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ports": [{"port": 1, "nodePort": 2}]}
    )
    there = item(
        SERVICE, spec={"clusterIP": "10.9.9.9", "clusterIPs": ["10.9.9.9"], "ports": [{"port": 1, "nodePort": 9}]}
    )
    there["metadata"]["labels"]["velero.io/restore-name"] = "r-0-rest"
    at_site(api, SERVICE, there, annotations={"dr.ocpvirt.io/created-by-run": "r-0"})
    account = item(SERVICE_ACCOUNT, secrets=[{"name": "web-token-of-east"}])
    at_site(api, SERVICE_ACCOUNT, item(SERVICE_ACCOUNT, imagePullSecrets=[{"name": "web-dockercfg-of-west"}]))
    assert compared(api, SERVICE, here).as_captured == (SERVICE.resource,)
    assert compared(api, SERVICE_ACCOUNT, account).as_captured == (SERVICE_ACCOUNT.resource,)


def test_what_differs_is_named_by_its_parts_and_never_by_its_content(api: MemoryApi) -> None:
    at_site(api, SECRET, item(SECRET, data={"password": "b2xk"}))
    found = compared(api, SECRET, item(SECRET, data={"password": "bmV3"}), item(SECRET, "other", data={}))
    assert found.changed == {"secrets": ["Secret/payroll/web is brought to the capture: data"]}
    assert found.absent == {"secrets": ["Secret/payroll/other"]}
    assert (found.resources, found.as_captured) == ({"secrets"}, ())


def test_a_key_that_was_taken_out_is_a_difference(api: MemoryApi) -> None:
    at_site(api, CONFIG_MAP, item(CONFIG_MAP, data={"a": "1", "b": "2"}))
    assert compared(api, CONFIG_MAP, item(CONFIG_MAP, data={"a": "1"})).resources == {"configmaps"}


def test_p8_an_object_that_is_not_the_plans_never_differs(api: MemoryApi) -> None:
    at_site(api, CONFIG_MAP, item(CONFIG_MAP, data={"a": "somebody's"}), labels={})
    assert compared(api, CONFIG_MAP, item(CONFIG_MAP, data={"a": "1"})).as_captured == ("configmaps",)


def test_a_kind_that_the_site_does_not_serve_and_what_is_the_whole_clusters_is_no_reason_to_restore(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_served(*_given: object) -> None:
        raise NotFound("GET", status=404)

    monkeypatch.setattr(api, "list", not_served)
    assert compared(api, ROUTE, item(ROUTE)).resources == set()
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"}}
    assert compared(api, Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "X"), crd).resources == set()
