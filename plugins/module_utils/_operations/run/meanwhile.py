# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what a run was decided on still holds once it has the lock: another may have ended just before (P6)."""

from __future__ import annotations

from collections.abc import Sequence

from ..._cluster.lease import PlanLock
from ..._cluster.run_store import RunStore
from ..._errors import Refused
from ..._model.plan import Plan
from ..._model.run import SWITCHES, Run


def check_unchanged(plan: Plan, run: Run, runs: Sequence[Run], store: RunStore, lock: PlanLock) -> None:
    """Give the lock back and refuse if a move was begun, taken up or ended since its records were read.

    runs: as they were read, of both sites.
    """
    known = {(seen.id, seen.attempt, seen.state) for seen in runs}
    written = [found for head in store.heads(plan.name) if (found := Run.from_dict(head)).operation in SWITCHES]
    new = [found for found in written if (found.id, found.attempt, found.state) not in known]
    if not new:
        return
    lock.release(run.id, run.attempt)
    raise Refused(
        "begin the run",
        site=store.site,
        on=f"run {new[-1].id}",
        seen=f"attempt {new[-1].attempt} is {new[-1].state}, written after we looked",
        wanted="nobody else on this plan",
        next_step="start the playbook again: it looks anew and does what is left to do",
    )
