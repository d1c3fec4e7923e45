# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which PVs a product replicates that reaches data by its claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._model.plan import Group
from .site_handle import SiteHandle


def is_of_its_claim(group: Group, site: SiteHandle, pv: Mapping[str, Any]) -> bool:
    """Whether the PV is what its claim there is bound to; one whose claim is not there yet may become it."""
    ref = pv["spec"].get("claimRef") or {}
    if ref.get("namespace") not in site.plan.namespaces:
        return False
    for item in site.candidates(group):
        if (item.pvc["metadata"]["namespace"], item.pvc["metadata"]["name"]) == (ref["namespace"], ref["name"]):
            return item.pvc["spec"].get("volumeName") in (None, pv["metadata"]["name"])
    return True
