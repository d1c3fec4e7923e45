# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication products that the lab has no real one of: their doubles run beside the tests that need them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from ansible_collections.ocpvirt.dr.tests.integration.products import dell_csm, hitachi, portworx
from ansible_collections.ocpvirt.dr.tests.integration.world import World

# by the storage's name
DOUBLES: dict[str, Callable[[World], AbstractContextManager[None]]] = {
    "dell_csm": dell_csm.switching,
    "hitachi": hitachi.of_world,
    "portworx": portworx.of_world,
}


def product_of(storage: str, world: World) -> AbstractContextManager[None]:
    """The double for what the world has deployed; nothing where the lab's own product replicates it."""
    return DOUBLES[storage](world) if storage in DOUBLES else nullcontext()
