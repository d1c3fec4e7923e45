# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a plan's volumes and manifests come to a target: made by us, or brought by somebody else and verified."""

from __future__ import annotations

from typing import Any

from ..._model.plan import Plan
from ..capture.metadata_source import makes_volumes, restores
from ..rehearsal.copies import copy_volumes
from ..rehearsal.place import is_rehearsal
from ..rehearsal.restore import restore_apart
from ..volumes.volumes import restore_volumes
from .arrival import await_arrival, foresee_volumes
from .restore import restore_metadata


def bring_volumes(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    if is_rehearsal(plan, run_id, check_mode):
        return copy_volumes(plan, run_id, timeout, check_mode)
    return (restore_volumes if makes_volumes(plan) else foresee_volumes)(plan, run_id, timeout, check_mode)


def bring_metadata(plan: Plan, run_id: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    if is_rehearsal(plan, run_id, check_mode):
        return restore_apart(plan, run_id, timeout, check_mode)
    return (restore_metadata if restores(plan) else await_arrival)(plan, run_id, timeout, check_mode)
