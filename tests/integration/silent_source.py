# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover whose source accepts connections and says nothing, and counts them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.integration.world import World, must
from ocpvirt_lab.dead_address import SILENT, DeadAddress


@dataclass(frozen=True)
class Moved:
    """api, storage: how often the source was asked on the way."""

    world: World
    api: int
    storage: int


def fail_over_from_silence(world: World) -> Moved:
    """The source is lost: only its addresses are others than in the plan that was captured."""
    with DeadAddress(SILENT) as api, DeadAddress(SILENT) as storage:
        usual = Path(world.sites["east"]["kubeconfig"])
        plan = world.changed_plan()
        plan["sites"]["east"]["kubeconfig"] = str(api.kubeconfig(usual, world.folder / "silent.kubeconfig"))
        plan["replication"]["options"]["sites"]["east"]["control"] = f"http://{storage.place}"
        must(world.failover("-e", f"dr_reports={world.reports}", plan=world.write_plan("silent", plan)))
        return Moved(world, len(api.held), len(storage.held))
