# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendors' definitions, and what a server that serves them says of a kind's fields."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.custom_resource import FieldPath
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import PUBLISHED_WITHIN, ApiServer

ROOT = Path(__file__).resolve().parents[2]
# ours, of kinds whose vendor publishes none that describes fields: written after the types in its source
OWN = ROOT / "tests" / "integration" / "products" / "definitions"
MERGE = "application/merge-patch+json"
STRICT = {"fieldValidation": "Strict"}
DRY = {"dryRun": "All", **STRICT}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def of_vendors() -> dict[str, dict[str, Any]]:
    """Every definition of the vendors, which are no part of the collection; without them the test is skipped. Of kinds
    that have none there, ours."""
    named = os.environ.get("VENDOR_CRDS")
    folder = Path(named) if named else ROOT.parent / "shared" / "vendor-crds"
    found = load(folder)
    if not found:
        # .ci/run names the folder, and so does whoever wants this test
        lacking = pytest.fail if named or os.environ.get("CI") == "true" else pytest.skip
        lacking(f"no custom resource definitions in {folder}: set VENDOR_CRDS to a folder that has them")
    return load(OWN) | found


def load(folder: Path) -> dict[str, dict[str, Any]]:
    """Every definition of the folder, by its name: plural.group."""
    documents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.yaml"))]
    return {document["metadata"]["name"]: document for document in documents}


def describes_fields(document: dict[str, Any], version: str) -> bool:
    """Whether the definition says anything of its kind's fields; some take whatever they get."""
    (served,) = [item for item in document["spec"]["versions"] if item["name"] == version]
    return "properties" in served["schema"]["openAPIV3Schema"]


@dataclass(frozen=True)
class Served:
    """A kind on the server."""

    server: ApiServer
    kind: Kind

    def rejection(self, body: dict[str, Any]) -> str:
        """What the server has against creating the object; empty when it would take it."""
        status, answer = self.server.call("POST", self._path(body), body, **DRY)
        return "" if status == 201 else f"{status}: {_message(answer)}"

    def rejected_patch(self, body: dict[str, Any], patch: dict[str, Any]) -> str:
        """What it has against the patch of a stored object."""
        path = f"{self._path(body)}/{body['metadata']['name']}"
        if self.server.call("GET", path)[0] == 404:
            status, answer = self.server.call("POST", self._path(body), body, **STRICT)
            assert status == 201, answer
        status, answer = self.server.call("PATCH", path, patch, MERGE, **DRY)
        return "" if status == 200 else f"{status}: {_message(answer)}"

    def unknown_fields(self, reads: Iterable[FieldPath]) -> list[str]:
        """The paths that the published schema of the kind does not have."""
        path = f"/openapi/v3/apis/{self.kind.group}/{self.kind.version}"
        schemas = self.server.await_answer(path, PUBLISHED_WITHIN)["components"]["schemas"]
        wanted = {"group": self.kind.group, "kind": self.kind.kind, "version": self.kind.version}
        (root,) = [item for item in schemas.values() if wanted in item.get("x-kubernetes-group-version-kind", [])]
        paths = [path for read in reads for path in read.paths]
        return [path for path in paths if not _has(root, path.split("."), schemas)]

    def _path(self, body: dict[str, Any]) -> str:
        return self.kind.path(body["metadata"].get("namespace"))


def serve(server: ApiServer, definitions: Iterable[dict[str, Any]]) -> None:
    """Install the definitions and wait until the server offers their kinds."""
    for document in definitions:
        status, answer = server.call("POST", CRDS, document, **STRICT)
        assert status == 201, answer
    for document in definitions:
        spec = document["spec"]
        for version in spec["versions"]:
            if version["served"]:
                server.await_answer(f"/apis/{spec['group']}/{version['name']}/{spec['names']['plural']}")


def _has(schema: dict[str, Any], names: list[str], schemas: dict[str, Any]) -> bool:
    schema = _resolved(schema, schemas)
    if not names:
        return True
    name, more = names[0].removesuffix("[]"), names[1:]
    found = schema.get("properties", {}).get(name)
    if found is None:
        return False
    found = _resolved(found, schemas)
    if names[0].endswith("[]"):
        return found.get("type") == "array" and _has(found["items"], more, schemas)
    return _has(found, more, schemas)


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, also the only one of an allOf, as metadata has it."""
    while True:
        alternatives = schema.get("allOf", [])
        reference = schema.get("$ref") or (alternatives[0].get("$ref") if len(alternatives) == 1 else None)
        if reference is None:
            return schema
        schema = schemas[reference.rpartition("/")[2]]


def _message(answer: Any) -> str:
    return str(answer.get("message", answer)) if isinstance(answer, dict) else str(answer)
