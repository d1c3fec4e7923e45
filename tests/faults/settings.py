# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is done to the lab that LAB_NAME names: from the environment.

FAULTS: `full`, or `small` for the part that runs with the other tests (the default).
FAULTS_ROUNDS: which rounds of kills, with commas between; round 1 kills at the boundaries of steps and some more inside
them, others inside them only. Two of them are what the full suite wants of each operation, with a kill or two to spare.
FAULTS_KILLS: kills in each disturbed run; by default three where FAULTS is small.
FAULTS_SEED: what moments are drawn from, with the move and the round; it is printed.
FAULTS_LANE: name of the tally's file in build/, which the last line of the full suite adds up.
"""

from __future__ import annotations

import os
from pathlib import Path

FULL_KILLS, SMALL_KILLS = 16, 3
FULL = os.environ.get("FAULTS", "small") == "full"
ROUNDS = [int(number) for number in os.environ.get("FAULTS_ROUNDS", "1,2").split(",")]
KILLS = int(os.environ.get("FAULTS_KILLS", FULL_KILLS if FULL else SMALL_KILLS))
SEED = os.environ.get("FAULTS_SEED", "1")
TALLY = Path(__file__).resolve().parents[2] / "build" / f"faults-{os.environ.get('FAULTS_LANE', 'small')}.json"
