# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims and volumes of a rehearsal: those that a move would make, in other namespaces, on copies. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..._model.plan import Plan
from ..volumes.patch import VolumeDecision
from .place import relabelled, shortened, spaces_of

PV_LIMIT = 253


def on_copy(decision: VolumeDecision, source: Mapping[str, Any], plan: Plan) -> VolumeDecision:
    """The decision for a claim of the plan, as one for its rehearsal. source: what of the PV's spec names the copy."""
    pv, pvc = copy.deepcopy(decision.pv), copy.deepcopy(decision.pvc)
    space = spaces_of(plan)[pvc["metadata"]["namespace"]]
    for item in (pv, pvc):
        item["metadata"]["labels"] = relabelled(item["metadata"].get("labels"), plan.name)
    told = f"a copy of {pv['metadata']['name']}"
    name = shortened(f"{plan.name}-rehearsal-{pv['metadata']['name']}", PV_LIMIT)
    pv["metadata"]["name"] = pvc["spec"]["volumeName"] = name
    pv["spec"] = {**pv["spec"], **copy.deepcopy(dict(source))}
    pv["spec"]["claimRef"]["namespace"] = pvc["metadata"]["namespace"] = space
    return replace(decision, pv=pv, pvc=pvc, reasons=(*decision.reasons, told))
