# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs whose record is lost."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.faults.fault_names import RECORD_DELETED
from ansible_collections.ocpvirt.dr.tests.faults.move import Move
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage
from ansible_collections.ocpvirt.dr.tests.integration.world import STORE


def lose_record(stage: Stage, move: Move, step: str) -> None:
    """A move that is killed where a step begins, and of whose run nothing is left but its lock."""
    target = stage.world.cluster(move.target)
    stage.struck(move, step, RECORD_DELETED, lambda: None).kill()
    names = [item["metadata"]["name"] for item in target.list("ConfigMap", STORE)]
    for name in (name for name in names if name.startswith("run-")):
        target.delete("ConfigMap", name, STORE)
