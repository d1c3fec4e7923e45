# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that Trident replicates, as they hold at one site."""

from __future__ import annotations

from dataclasses import dataclass

from ..._model.plan import Group
from ..group_options import check_known, seconds_of, wrong

DRIVER = "csi.trident.netapp.io"
DEFAULT_TIMEOUT = 600.0
KNOWN = {"driver", "policy", "schedule", "timeout"}


@dataclass(frozen=True)
class TridentOptions:
    """driver: of the volumes. policy, schedule: of SnapMirror, empty for the backend's own. timeout: seconds."""

    driver: str
    policy: str
    schedule: str
    timeout: float


def options_of(group: Group, site: str) -> TridentOptions:
    found = group.options_at(site)
    check_known(group, site, found, KNOWN)
    for name in ("driver", "policy", "schedule"):
        if not isinstance(found.get(name, ""), str):
            raise wrong(group, site, f"{name}: {found[name]}", f"{name}: a name")
    return TridentOptions(
        driver=found.get("driver", DRIVER),
        policy=found.get("policy", ""),
        schedule=found.get("schedule", ""),
        timeout=seconds_of(group, site, found, "timeout", DEFAULT_TIMEOUT),
    )
