# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs that want to be migrated live and cannot. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ..._model.finding import Finding, Severity
from ..._model.vm import claim_names
from ..vm.parts import Object, some, template, title

WANTED: Final[Mapping[str, Severity]] = {"LiveMigrate": "warning", "LiveMigrateIfPossible": "info"}
CONSEQUENCE = {"LiveMigrate": "its node does not drain", "LiveMigrateIfPossible": "a drain stops it"}


def unmigratable(vms: Iterable[Object], claims: Mapping[str, Object]) -> Iterator[Finding]:
    """claims: by namespace/name. A volume that one node mounts at a time keeps its VM where it is."""
    for vm in vms:
        strategy = template(vm).get("evictionStrategy", "")
        if strategy not in WANTED:
            continue
        namespace = vm["metadata"]["namespace"]
        single = [
            f"{name} ({', '.join(_modes(claims[f'{namespace}/{name}']))})"
            for name in claim_names(vm)
            if f"{namespace}/{name}" in claims and "ReadWriteMany" not in _modes(claims[f"{namespace}/{name}"])
        ]
        if single:
            yield Finding(
                WANTED[strategy],
                "NotMigratable",
                title(vm),
                f"evictionStrategy {strategy}, and it cannot be migrated with {some(single)}: {CONSEQUENCE[strategy]}",
                "use ReadWriteMany claims (on block storage with volumeMode Block), or evictionStrategy None",
            )


def _modes(claim: Object) -> list[str]:
    return list((claim.get("status") or {}).get("accessModes") or claim["spec"].get("accessModes") or ())
