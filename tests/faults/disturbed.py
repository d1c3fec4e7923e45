# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move whose attempts are killed one after the other, in so many places as the settings say."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.faults.killing import kill_all
from ansible_collections.ocpvirt.dr.tests.faults.kills import draw
from ansible_collections.ocpvirt.dr.tests.faults.move import Move
from ansible_collections.ocpvirt.dr.tests.faults.settings import KILLS, SEED
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage

# next attempts beside a living module: each takes half a minute
BESIDE = 2


def disturb(stage: Stage, move: Move, number: int, patient: bool) -> None:
    """number: of the round; the first one kills at the boundaries of all steps. patient: see draw."""
    seed = f"{SEED} {move.name} {number}"
    stage.tally.seeds.append(seed)
    took = stage.undisturbed[move.name].took
    stage.tally.boundaries.expect(move.playbook, took)
    kills = draw(took, seed, KILLS, inside=number > 1, patient=patient, beside=BESIDE)
    print(f"{move.name}, seed {seed!r}: {len(kills)} kills", flush=True)
    began = stage.depart(move)
    assert kill_all(stage, move, kills, list(took)) > 0
    stage.finish(move, began)
