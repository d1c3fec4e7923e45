# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The moves that are disturbed, as an operator asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.faults.kills import Place


@dataclass(frozen=True)
class Move:
    """An operation, from where to where. name: tells it from one that finds another state. planned: loses nothing."""

    name: str
    playbook: str
    source: str
    target: str
    planned: bool = True

    def options(self, plan: Path) -> list[str]:
        asked = {"dr_plan": plan}
        if self.playbook != "failback":
            asked["dr_target"] = self.target
        if self.playbook == "failover":
            asked["dr_declare_lost"] = self.source
        return [word for name, value in asked.items() for word in ("-e", f"{name}={value}")]

    def place(self, step: str) -> Place:
        """A step of the move itself; the first play of a failback cleans the site that was left."""
        return Place(2 if self.playbook == "failback" else 1, step)

    def locked_at(self, play: int) -> str:
        """Where the lock is that counts."""
        return self.source if self.playbook == "failback" and play == 1 else self.target


RELOCATE = Move("relocate", "relocate", "east", "west")
HOME = Move("relocate home", "relocate", "west", "east")
FAILOVER = Move("failover", "failover", "east", "west", planned=False)
# finds a site that came back with its VMs
FAILBACK_AFTER_LOSS = Move("failback after a loss", "failback", "west", "east")
# from where a plan runs to the other site: while both stand, and by way of a loss
ONWARD = {move.source: move for move in (RELOCATE, HOME)}
BY_LOSS = {move.source: move for move in (FAILOVER, FAILBACK_AFTER_LOSS)}
# operations that begin with a site that is lost, or came back; a relocate is made from wherever the plan runs
OF_LOSS = {move.playbook: move for move in BY_LOSS.values()}
