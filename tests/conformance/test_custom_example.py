# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the worked example of provider custom's page writes is taken by an API server with the product's definition."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.filled_text import fill
from ansible_collections.ocpvirt.dr.tests.conformance.api_server import ApiServer
from ansible_collections.ocpvirt.dr.tests.conformance.definitions import Served
from demo.storages.custom import example

PLACES = {"claim.name": "described", "claim.namespace": "payroll", "values.class": "mirrored"}
STEPS = [step for verb in example()["verbs"].values() for step in (verb if isinstance(verb, list) else [verb])]


def body_of(role: str) -> dict[str, Any]:
    options = example()
    meta = {name: fill(options[name], PLACES) for name in ("name", "namespace")}
    kind = VOLUME_REPLICATION
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": meta,
        **fill(options["create"], {**PLACES, "role": role}),
    }


def test_it_names_the_kind_of_the_product() -> None:
    assert Kind(**example()["resource"]) == VOLUME_REPLICATION


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_what_it_creates_is_accepted(server: ApiServer, role: str) -> None:
    assert Served(server, VOLUME_REPLICATION).rejection(body_of(role)) == ""


@pytest.mark.parametrize("step", [step for step in STEPS if "patch" in step], ids=lambda step: str(step["patch"]))
def test_what_it_patches_is_accepted(server: ApiServer, step: dict[str, Any]) -> None:
    assert Served(server, VOLUME_REPLICATION).rejected_patch(body_of("primary"), fill(step["patch"], PLACES)) == ""
