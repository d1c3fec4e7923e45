# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.ocpvirt.dr.tests.conformance import definitions
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import ApiServer, running
from ocpvirt_lab.build import provide
from ocpvirt_lab.progress import Progress

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def vendors() -> dict[str, dict[str, Any]]:
    """The vendors' definitions, which are no part of the collection."""
    named = os.environ.get("VENDOR_CRDS")
    folder = Path(named) if named else ROOT.parent / "shared" / "vendor-crds"
    found = definitions.load(folder)
    if not found:
        # .ci/run names the folder, and so does whoever wants this test
        lacking = pytest.fail if named or os.environ.get("CI") == "true" else pytest.skip
        lacking(f"no custom resource definitions in {folder}: set VENDOR_CRDS to a folder that has them")
    return found


@pytest.fixture(scope="session")
def server(vendors: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server that serves what the providers use."""
    used = {resource.kind.resource for provider in PROVIDERS.values() for resource in provider.resources}
    samples = [body for provider in PROVIDERS.values() for item in provider.resources for body in item.samples()]
    with running(provide(["kubernetes"], Progress()), tmp_path_factory.mktemp("server")) as started:
        definitions.serve(started, [vendors[name] for name in sorted(used & vendors.keys())])
        for name in sorted({body["metadata"].get("namespace", "default") for body in samples} - {"default"}):
            status, answer = started.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
            assert status == 201, answer
        yield started
