# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patches that pause and resume an Application of Argo CD, on a real API server with a minimal definition of it."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import APPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.gitops import automated, pausing, resuming
from ansible_collections.ocpvirt.dr.tests.conformance import definitions
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import ApiServer
from ansible_collections.ocpvirt.dr.tests.conformance.definitions import MERGE

NUMBERS = itertools.count()
POLICIES: list[dict[str, Any]] = [{}, {"prune": True, "selfHeal": True}, {"enabled": False, "allowEmpty": True}]


@pytest.fixture(scope="module")
def argo(server: ApiServer) -> ApiServer:
    names = {"kind": "Application", "plural": "applications", "singular": "application", "listKind": "ApplicationList"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    document = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": APPLICATION.resource},
        "spec": {
            "group": APPLICATION.group,
            "names": names,
            "scope": "Namespaced",
            "versions": [{"name": APPLICATION.version, "served": True, "storage": True, "schema": schema}],
        },
    }
    definitions.serve(server, [document])
    return server


def create(server: ApiServer, policy: dict[str, Any] | None) -> dict[str, Any]:
    sync: dict[str, Any] = {"syncOptions": ["RespectIgnoreDifferences=true"]}
    if policy is not None:
        sync["automated"] = policy
    body = {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": f"payroll-{next(NUMBERS)}", "namespace": "default", "annotations": {"team": "payroll"}},
        "spec": {"project": "default", "syncPolicy": sync},
    }
    status, answer = server.call("POST", APPLICATION.path("default"), body)
    assert status == 201, answer
    return dict(answer)


def patch(server: ApiServer, seen: dict[str, Any], body: dict[str, Any]) -> tuple[int, Any]:
    return server.call("PATCH", APPLICATION.path("default", seen["metadata"]["name"]), body, MERGE)


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_what_is_paused_is_given_back_as_it_was(argo: ApiServer, policy: dict[str, Any]) -> None:
    before = create(argo, policy)
    status, paused = patch(argo, before, pausing(before))
    assert status == 200, paused
    assert automated(paused) is None
    assert paused["spec"]["syncPolicy"] == {"syncOptions": ["RespectIgnoreDifferences=true"]}
    assert pausing(paused) == {}
    status, after = patch(argo, paused, resuming(paused))
    assert status == 200, after
    assert after["spec"] == before["spec"]
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]


def test_a_change_of_somebody_else_between_look_and_pause_is_a_conflict(argo: ApiServer) -> None:
    before = create(argo, {"prune": True})
    later = copy.deepcopy(pausing(before))
    assert patch(argo, before, {"spec": {"syncPolicy": {"automated": {"prune": False}}}})[0] == 200
    status, answer = patch(argo, before, later)
    assert status == 409, answer
