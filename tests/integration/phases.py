# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where `status` says that a plan stands."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.world import World, must
from demo.cluster import wait_until


def await_phase(world: World, site: str, phase: str, **more: Any) -> str:
    """What `status` prints then. A copy follows its new primary only after a while, with Ceph after half a minute."""
    printed = ""

    def others() -> list[str]:
        nonlocal printed
        printed = must(world.play("status", **more)).output
        wanted = f"lives at {site}, phase {phase}"
        return [] if wanted in printed else [f"not `{wanted}`"]

    wait_until(f"the phase {phase} at {site}", 180, others)
    return printed
