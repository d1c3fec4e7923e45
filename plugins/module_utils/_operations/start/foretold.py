# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a start would write to anything, by what was listed: for check mode (P9)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..._cluster.api import Object
from ..._model.recorded import is_recorded
from ..._model.vm import is_given_back
from ..._model.workload import is_given_back as is_workload_given_back
from ..._model.workload import is_up
from ..._planning.start.order import StartOrder
from ..inventory.workloads import Workloads


def changes_anything(
    order: StartOrder,
    vms: Mapping[str, Object],
    workloads: Workloads,
    only: Collection[str],
    over: Collection[str],
) -> bool:
    """order: what begins. only: keys that the start is asked for, all where it is empty. over: whose start is over."""
    if any(_is_written(vms.get(key), workloads.selected.get(key)) for wave in order.waves for key in wave.keys):
        return True
    stays_off = {key: vms.get(key) or workloads.selected[key] for key in order.stays_off}
    if any(is_recorded(item) for key, item in stays_off.items() if key in over):
        return True
    return not only and any(
        is_given_back(item) if key in vms else is_workload_given_back(item)
        for key, item in stays_off.items()
        if key not in over
    )


def _is_written(vm: Mapping[str, Any] | None, workload: Mapping[str, Any] | None) -> bool:
    """It is asked to start unless it is up, and what was stopped loses its record then."""
    if vm is not None:
        return is_recorded(vm) or not (vm.get("status") or {}).get("ready")
    return workload is not None and (is_recorded(workload) or not is_up(workload))
