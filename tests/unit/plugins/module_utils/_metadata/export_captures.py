# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking captures into a store in memory, and what they hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_world import (
    MemoryStore,
    Site,
    east,
    source,
)

WEST = Site("west")


def take(store: MemoryStore, site: Site | None = None, **metadata: Any) -> str:
    return source(store, **metadata).capture(site or east(), 60)


def pass_time(store: MemoryStore, site: Site, **passed: float) -> None:
    """For both clocks."""
    store.later(**passed)
    site.clock = replace(site.clock, now=lambda: store.now)


def names(store: MemoryStore, name: str) -> set[str]:
    found = source(store).manifests(WEST, name).objects
    return {f"{resource}/{item['metadata']['name']}" for resource, items in found.items() for item in items}
