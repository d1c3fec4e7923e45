# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles of the providers' pages on a real API server: an account that has them alone may do what the verbs do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster import kinds
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.rights import Right
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import ApiServer
from ansible_collections.ocpvirt.dr.tests.conformance.definitions import MERGE
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.verbs_used import used_by
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.rights_used import roles_in

RBAC = "/apis/rbac.authorization.k8s.io/v1"
SPACE = "default"
KINDS = {(kind.group, kind.plural): kind for kind in vars(kinds).values() if isinstance(kind, Kind)}
# verb to method, and whether it names an object
REQUESTS = {
    "get": ("GET", True),
    "list": ("GET", False),
    "create": ("POST", False),
    "patch": ("PATCH", True),
    "delete": ("DELETE", True),
}
FORBIDDEN = 403
ALREADY_THERE = 409
# of an object, not what it gives
TYPED = ("apiVersion", "kind", "metadata")


@dataclass(frozen=True)
class Account:
    """Of one place of a product, with the roles of its page there and no others. space: of its requests."""

    server: ApiServer
    space: str
    used: set[Right]

    def may(self, right: Right) -> bool:
        """Whether a request of its own comes past the authorizer, which is asked before anybody looks whether there is
        what it asks for (404, 409), or whether it is a valid one (422)."""
        kind = KINDS[right.group, right.resource]
        method, named = REQUESTS[right.verb]
        path = kind.path(self.space if kind.namespaced else None) + ("/absent" if named else "")
        dry = {} if method == "GET" else {"dryRun": "All"}
        status, answer = self.server.call(method, path, {}, MERGE if method == "PATCH" else "application/json", **dry)
        # admission says the same number, of what the authorizer has let pass
        assert status != FORBIDDEN or f"cannot {right.verb} resource" in answer["message"], answer
        return status != FORBIDDEN

    def others(self) -> set[Right]:
        """What the verbs don't use, of the kinds that they use."""
        kinds_used = {(right.group, right.resource) for right in self.used}
        return {Right(verb, *kind) for kind in kinds_used for verb in REQUESTS} - self.used


@pytest.fixture(params=PROVIDERS)
def accounts(
    request: pytest.FixtureRequest, server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Account]:
    roles = {role["metadata"]["name"]: role for role in roles_in(f"providers/{request.param}.md")}
    name = f"ocpvirt-dr-{request.param.replace('_', '-')}"
    return [
        account(server, roles[name if place == "site" else f"{name}-{place}"], used)
        for place, used in used_by(request.param, tmp_path, monkeypatch).items()
    ]


def account(server: ApiServer, role: dict[str, Any], used: set[Right]) -> Account:
    """A ServiceAccount with the role as the page has it."""
    name, space = role["metadata"]["name"], role["metadata"].get("namespace", SPACE)
    users = f"/api/v1/namespaces/{space}/serviceaccounts"
    make(server, "/api/v1/namespaces", {"metadata": {"name": space}})
    make(server, users, {"metadata": {"name": name}})
    at = RBAC if role["kind"] == "ClusterRole" else f"{RBAC}/namespaces/{space}"
    make(server, f"{at}/{role['kind'].lower()}s", role)
    subject = {"kind": "ServiceAccount", "name": name, "namespace": space}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": name}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    make(server, f"{at}/{role['kind'].lower()}bindings", binding)
    status, token = server.call("POST", f"{users}/{name}/token", {"spec": {}})
    assert status == 201, token
    mine = Account(ApiServer(server.url, token["status"]["token"], server.authority), space, used)
    listed = next(KINDS[right.group, right.resource] for right in used if right.verb == "list")
    # the authorizer learns of a binding a moment later
    mine.server.await_answer(listed.path(space if listed.namespaced else None))
    return mine


def make(server: ApiServer, path: str, body: dict[str, Any]) -> None:
    """One that the test before has made, or the server, counts only where it says the same: what it gives is judged."""
    status, answer = server.call("POST", path, body, fieldValidation="Strict")
    if status == ALREADY_THERE:
        status, answer = server.call("GET", f"{path}/{body['metadata']['name']}")
        given = {field: value for field, value in body.items() if field not in TYPED}
        assert {field: answer.get(field) for field in given} == given, answer
    assert status in (200, 201), answer


def test_an_account_with_the_page_s_role_may_do_what_the_verbs_do(accounts: list[Account]) -> None:
    assert [right for one in accounts for right in one.used if not one.may(right)] == []


def test_and_nothing_else_to_the_same_kinds(accounts: list[Account]) -> None:
    assert [right for one in accounts for right in one.others() if one.may(right)] == []
