# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a planned move reads of a group whose product proves it by all data of both sites. Pure."""

from __future__ import annotations

from collections.abc import Collection

from ..._model.finding import Finding
from ..._model.quantity import parse_quantity
from ..vm.parts import Object


def reads(volumes: Collection[Object]) -> str:
    """In words, by the sizes of PersistentVolumes."""
    size = sum(parse_quantity(str(pv["spec"].get("capacity", {}).get("storage", "0"))) for pv in volumes)
    return (
        f"up to {float(size) / 2**30:.1f} GiB are read at each site with all VMs off, the size of {len(volumes)} "
        "volumes; what was never written is not read"
    )


def reading_move(group: str, volumes: Collection[Object], remedy: str) -> Finding:
    """remedy: of the product that replicates the group."""
    return Finding(
        "info", "MoveReadsData", f"group {group}", f"a planned move compares all data: {reads(volumes)}", remedy
    )
