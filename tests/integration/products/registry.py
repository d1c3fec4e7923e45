# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication products that the lab has no real one of: their doubles run beside the tests that need them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from ansible_collections.ocpvirt.dr.tests.integration.products import dell_csm, portworx
from ansible_collections.ocpvirt.dr.tests.integration.world import World


class Double(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


# by the storage's name
DOUBLES: dict[str, Callable[[World], Double]] = {"dell_csm": dell_csm.of_world, "portworx": portworx.of_world}


@contextmanager
def product_of(storage: str, world: World) -> Iterator[None]:
    """The double for what the world has deployed; nothing where the lab's own product replicates it."""
    if storage not in DOUBLES:
        yield
        return
    product = DOUBLES[storage](world)
    try:
        product.start()
        yield
    finally:
        product.stop()
