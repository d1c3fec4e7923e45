# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that is no site of the plan, such as a product's hub, is reached as a site is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import STARTED_IN
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import sites as sites_module
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import open_other


def test_a_cluster_beside_the_sites_is_reached_by_the_same_references(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, Mapping[str, Any]]] = []
    monkeypatch.setattr(sites_module, "connect", lambda name, auth: asked.append((name, auth)))
    monkeypatch.setenv("HUB_KEY", "a token")
    monkeypatch.setenv(STARTED_IN, str(tmp_path))
    open_other("hub", {"host": "https://hub.example.org:6443", "api_key_env": "HUB_KEY", "ca_cert": "hub.pem"})
    auth = {"host": "https://hub.example.org:6443", "api_key": "a token", "ca_cert": str(tmp_path / "hub.pem")}
    assert asked == [("hub", auth)]
