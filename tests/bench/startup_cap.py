# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many VMs by a plan: how many are in flight, as a witness with a watch of its own sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import Planned, fleet_on, size
from ansible_collections.ocpvirt.dr.tests.bench.startup_windows import windows
from demo.lab import Lab
from ocpvirt_lab.storm_run import measure

CAP = 60
# seconds, as the role's start_round_timeout
ROUND = 25
SHARE_GOAL = 0.95


def hold(lab: Lab, folder: Path) -> list[Result]:
    """2,000 VMs with at most 60 in flight: by one call of the module, and in rounds as the role makes them."""
    return [
        *_held(lab, folder, "bench-cap", "one call", lambda planned, run_id: planned.started(run_id)),
        *_held(
            lab,
            folder,
            "bench-cap-rounds",
            f"rounds of {ROUND} s",
            lambda planned, run_id: planned.started_in_rounds(run_id, ROUND),
        ),
    ]


def _held(lab: Lab, folder: Path, name: str, way: str, start: Callable[[Planned, str], object]) -> list[Result]:
    count, cap = size("CAP_VMS", 2000), size("CAP", CAP)
    with fleet_on(lab, folder, name, count, cap) as planned:
        run_id = planned.begun()
        _storm, history = measure("throttled", planned.fleet, planned.kubeconfig, lambda: start(planned, run_id))
        planned.ended(run_id)
        planned.fleet.stop()
    if history.gaps:
        raise RuntimeError(f"the witness missed something: {history.gaps}")
    width = windows(run_id, cap)
    share, peak, doubles = history.share(width), history.peak, len(history.doubles)
    narrowest = min(limit for _since, limit in width)
    by = f"{count:,} VMs in {way}, by the witness"
    peaking = f"in flight at most, {by}"
    average = f"part of the window in flight (it had {narrowest} to {cap}), {by}"
    goal = f"at least {SHARE_GOAL} while a whole window waits"
    return [
        Result("startup_cap", peaking, peak, None, cap, peak / cap, "at most the cap", peak <= cap),
        Result("startup_cap", average, share, None, 1, share, goal, share >= SHARE_GOAL),
        Result("startup_cap", f"started twice, {by}", doubles, None, 0, doubles, "none", not doubles),
    ]
