# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A product that only tests know, in the registry of providers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers import registry


def register(monkeypatch: pytest.MonkeyPatch, name: str, product: Any) -> None:
    """For as long as the test runs."""
    monkeypatch.setitem(registry.PROVIDERS, name, lambda: product)
