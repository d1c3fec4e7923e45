# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One group for many tests: made anew only after a test that left it otherwise than it had found it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Generic, TypeVar

from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import Rig, roles, status
from demo.cluster import wait_until

Made = TypeVar("Made", bound=Rig)

FIRST = "first"
# a product may say only every half minute how its replication is
SETTLED_WITHIN = 150
SETTLED = {"east": ("primary", "healthy", "outgoing"), "west": ("secondary", "healthy", "incoming")}


class KeptRig(Generic[Made]):
    """make: a rig that has not been enabled yet."""

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._rig: Made | None = None

    def fresh(self) -> Made:
        """Replicates from east to west, with the first text on both sides, whatever the test before did."""
        if self._rig and _restored(self._rig):
            return self._rig
        self.remove()
        self._rig = self._make()
        self._rig.provider.enable(self._rig.group, "east", "west")
        _settle(self._rig)
        return self._rig

    def remove(self) -> None:
        rig, self._rig = self._rig, None
        if rig:
            with ExitStack() as ends:
                # also where the sites cannot be joined
                ends.callback(rig.remove)
                rig.join()


def _restored(rig: Rig) -> bool:
    try:
        rig.join()
        if roles(rig) != ("primary", "secondary") or not rig.provider.enabled(rig.group, "east"):
            return False
        if _others(rig):
            _settle(rig)
    except (DrError, TimeoutError):
        return False
    return True


def _settle(rig: Rig) -> None:
    rig.write("east", FIRST)
    rig.await_arrived("west")
    wait_until("the group to replicate", SETTLED_WITHIN, lambda: _others(rig))


def _others(rig: Rig) -> list[str]:
    """What is not as the tests find it."""
    wrong = []
    for site, wanted in SETTLED.items():
        seen = status(rig, site)
        if (found := (seen.role, seen.health, seen.direction)) != wanted:
            wrong.append(f"{site}: {', '.join(found)} {seen.message}")
        if (text := rig.read(site)) != FIRST:
            wrong.append(f"{site}: text {text}")
    return wrong
