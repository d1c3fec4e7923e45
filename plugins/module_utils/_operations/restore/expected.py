# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan says of the volumes that somebody else brings to a target."""

from __future__ import annotations

from ..._model.capture import Capture
from ..._model.plan import Plan
from ..._model.vm import claim_users
from ..._planning.restore.arrival import CLAIMS, VMS, VOLUMES, ExpectedVolume, expected_volume


def expected_volumes(plan: Plan, record: Capture, target: str) -> list[ExpectedVolume]:
    """One for each recorded claim."""
    volumes, claims = record.index(VOLUMES), record.index(CLAIMS)
    users = claim_users(record.objects.get(VMS, ()), claims)
    return [
        expected_volume(volumes[pvc["spec"]["volumeName"]], pvc, plan.rules, target, users.get(key, ()))
        for key, pvc in sorted(claims.items())
    ]
