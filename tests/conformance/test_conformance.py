# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every object that a provider writes is taken by a real API server with the vendor's definitions, and every field that
it reads is in them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import TRIDENT_ACTION_MIRROR_UPDATE
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.custom_resource import CustomResource, FieldPath
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import ApiServer
from ansible_collections.ocpvirt.dr.tests.conformance.declarations import (
    fields_used,
    hidden_fields,
    kinds_used,
    modules_of,
)
from ansible_collections.ocpvirt.dr.tests.conformance.definitions import Served, describes_fields

RESOURCES = [(name, resource) for name, provider in PROVIDERS.items() for resource in provider().resources]
WRITTEN = [(name, item, body) for name, item in RESOURCES for body in item.samples()]
PATCHED = [(name, item, patch) for name, item in RESOURCES for patch in item.patches()]
# nothing can be held against a definition that takes any field
OPEN = {TRIDENT_ACTION_MIRROR_UPDATE}
DESCRIBED = [(name, item) for name, item in RESOURCES if item.kind not in OPEN]
DESCRIBED_WRITTEN = [(name, item, body) for name, item, body in WRITTEN if item.kind not in OPEN]


def ids(value: Any) -> str | None:
    if isinstance(value, CustomResource):
        return value.kind.kind
    return None if isinstance(value, str) else str(value.get("metadata", {}).get("name", "patch"))


@pytest.mark.parametrize(("provider", "resource", "body"), WRITTEN, ids=ids)
def test_a_written_object_is_accepted(server: ApiServer, provider: str, resource: CustomResource, body: Any) -> None:
    assert Served(server, resource.kind).rejection(body) == ""


@pytest.mark.parametrize(("provider", "resource", "patch"), PATCHED, ids=ids)
def test_a_written_patch_is_accepted(server: ApiServer, provider: str, resource: CustomResource, patch: Any) -> None:
    assert Served(server, resource.kind).rejected_patch(resource.samples()[0], patch) == ""


def test_of_all_other_kinds_the_definitions_describe_fields(vendors: dict[str, Any]) -> None:
    kinds = {resource.kind for _name, resource in RESOURCES}
    assert {kind for kind in kinds if not describes_fields(vendors[kind.resource], kind.version)} == OPEN


@pytest.mark.parametrize(("provider", "resource"), DESCRIBED, ids=ids)
def test_every_field_that_is_read_exists(server: ApiServer, provider: str, resource: CustomResource) -> None:
    assert Served(server, resource.kind).unknown_fields(resource.reads) == []


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_kind_in_the_code_is_declared_and_defined(name: str, vendors: dict[str, Any]) -> None:
    declared = {resource.kind for resource in PROVIDERS[name]().resources}
    assert kinds_used(PROVIDERS[name]()) == declared
    assert {kind.resource for kind in declared} <= vendors.keys()


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_field_in_the_code_is_declared(name: str) -> None:
    declared = {field for resource in PROVIDERS[name]().resources for field in resource.reads}
    assert fields_used(PROVIDERS[name]()) == declared
    assert hidden_fields(PROVIDERS[name]()) == []


@pytest.mark.parametrize("name", [name for name, provider in PROVIDERS.items() if provider().resources])
def test_a_provider_of_custom_resources_has_samples(name: str) -> None:
    assert any(resource.samples() for resource in PROVIDERS[name]().resources)


def renamed(body: dict[str, Any]) -> None:
    body["spec"]["invented"] = body["spec"].popitem()[1]


def retyped(body: dict[str, Any]) -> None:
    body["spec"] = {key: 7 if isinstance(value, (str, dict)) else ["wrong"] for key, value in body["spec"].items()}


@pytest.mark.parametrize("change", [renamed, retyped])
@pytest.mark.parametrize(("provider", "resource", "body"), DESCRIBED_WRITTEN, ids=ids)
def test_a_wrong_object_would_be_found(
    server: ApiServer, provider: str, resource: CustomResource, body: Any, change: Callable[[Any], None]
) -> None:
    wrong = copy.deepcopy(body)
    change(wrong)
    assert Served(server, resource.kind).rejection(wrong) != ""


@pytest.mark.parametrize(("provider", "resource", "body"), DESCRIBED_WRITTEN, ids=ids)
def test_an_object_that_lacks_what_is_required_would_be_found(
    server: ApiServer, vendors: dict[str, Any], provider: str, resource: CustomResource, body: Any
) -> None:
    """VolSync's definitions require nothing."""
    versions = {item["name"]: item for item in vendors[resource.kind.resource]["spec"]["versions"]}
    spec = versions[resource.kind.version]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    lacking = Served(server, resource.kind).rejection({**body, "spec": {}})
    assert ("Required value" in lacking) is bool(spec.get("required"))


@pytest.mark.parametrize(("provider", "resource", "patch"), PATCHED, ids=ids)
def test_a_wrong_patch_would_be_found(server: ApiServer, provider: str, resource: CustomResource, patch: Any) -> None:
    wrong = {**patch, "spec": {**patch.get("spec", {}), "invented": True}}
    assert "invented" in Served(server, resource.kind).rejected_patch(resource.samples()[0], wrong)


@pytest.mark.parametrize(("provider", "resource"), DESCRIBED, ids=ids)
def test_a_wrong_path_would_be_found(server: ApiServer, provider: str, resource: CustomResource) -> None:
    for field in resource.reads:
        wrong = [replace(field, path=f"{field.path}X"), replace(field, path=f"status.invented.{field.path}")]
        wrong += [replace(field, entries=(*field.entries, "invented"))] if field.entries else []
        for mutated in wrong:
            assert Served(server, resource.kind).unknown_fields([mutated]) != [], mutated


def test_a_kind_or_a_field_that_is_not_declared_would_be_found() -> None:
    """A new provider over the same code that declares nothing."""

    class Forgetful(PROVIDERS["csi_addons"]()):  # type: ignore[misc]
        resources: tuple[CustomResource, ...] = ()

    forgetful: type[Provider] = Forgetful
    Forgetful.__module__ = PROVIDERS["csi_addons"]().__module__
    assert len(modules_of(forgetful)) > 5
    assert {kind.kind for kind in kinds_used(forgetful)} >= {"VolumeReplication", "NetworkFence"}
    assert FieldPath("status.state") in fields_used(forgetful)
