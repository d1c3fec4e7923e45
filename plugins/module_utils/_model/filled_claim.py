# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A claim that a DataVolume has filled: its owner says so where it was filled, an annotation everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

POPULATED_FOR = "cdi.kubevirt.io/storage.populatedFor"


def populated_for(claim: Mapping[str, Any]) -> dict[str, str]:
    """The annotation that tells CDI to fill it for no DataVolume again; empty when no DataVolume owns it."""
    owners = claim["metadata"].get("ownerReferences") or []
    filled = next((owner["name"] for owner in owners if owner.get("kind") == "DataVolume"), None)
    return {POPULATED_FOR: filled} if filled else {}
