# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DATA_PROTECTION_APPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.ocpvirt.dr.tests.conformance import definitions
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import ApiServer, running
from ansible_collections.ocpvirt.dr.tests.conformance.applications import applications
from ansible_collections.ocpvirt.dr.tests.integration.products import hitachi_definitions
from ocpvirt_lab.build import provide
from ocpvirt_lab.progress import Progress


@pytest.fixture(scope="session")
def vendors() -> dict[str, dict[str, Any]]:
    """And ours of a vendor whose definitions are not among them."""
    ours = {document["metadata"]["name"]: document for document in hitachi_definitions.definitions()}
    return {**ours, **definitions.of_vendors()}


@pytest.fixture(scope="session")
def server(vendors: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server that serves what the providers use, and OADP's definition."""
    used = {resource.kind.resource for provider in PROVIDERS.values() for resource in provider().resources}
    used.add(DATA_PROTECTION_APPLICATION.resource)
    samples = [body for provider in PROVIDERS.values() for item in provider().resources for body in item.samples()]
    samples += applications()
    with running(provide(["kubernetes"], Progress()), tmp_path_factory.mktemp("server")) as started:
        definitions.serve(started, [vendors[name] for name in sorted(used & vendors.keys())])
        for name in sorted({body["metadata"].get("namespace", "default") for body in samples} - {"default"}):
            status, answer = started.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
            assert status == 201, answer
        yield started
