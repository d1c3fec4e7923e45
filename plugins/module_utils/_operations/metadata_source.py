# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which metadata source a plan names, and which capture a run restores from."""

from __future__ import annotations

from .._errors import Refused, Unsupported
from .._metadata.oadp import OadpSource
from .._model.plan import Plan
from .session import Session


def source_of(plan: Plan) -> OadpSource:
    """The plan's metadata source."""
    if plan.metadata.source != "oadp":
        raise Unsupported(
            "read the plan's manifests",
            seen=f"metadata.source {plan.metadata.source}",
            wanted="oadp",
            next_step="this version of the collection restores from OADP (Velero) only",
        )
    return OadpSource(plan)


def chosen_capture(session: Session) -> str:
    """The capture that the run's capture step chose."""
    chosen = session.load("capture")
    if chosen is None:
        raise Refused(
            "restore from a capture",
            site=session.target,
            on=f"run {session.run.id}",
            seen="it has chosen none",
            wanted="a capture",
            next_step="run the capture step first",
        )
    return str(chosen["name"])
