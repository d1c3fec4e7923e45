# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which metadata source a plan names."""

from __future__ import annotations

from .._errors import Unsupported
from .._metadata.oadp import OadpSource
from .._model.plan import Plan


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
