# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that Hitachi's Replication Plug-in replicates, as they hold at one site."""

from __future__ import annotations

from dataclasses import dataclass

from ..._model.plan import Group
from ..group_options import check_known, seconds_of, wrong

DRIVER = "hspc.csi.hitachi.com"
DEFAULT_TIMEOUT = 600.0
KNOWN = {"driver", "timeout"}


@dataclass(frozen=True)
class HitachiOptions:
    """driver: of the volumes. timeout: seconds of each wait."""

    driver: str
    timeout: float


def options_of(group: Group, site: str) -> HitachiOptions:
    found = group.options_at(site)
    check_known(group, site, found, KNOWN)
    driver = found.get("driver", DRIVER)
    if not isinstance(driver, str) or not driver:
        raise wrong(group, site, f"driver: {driver}", "driver: name of a CSI driver")
    return HitachiOptions(driver, seconds_of(group, site, found, "timeout", DEFAULT_TIMEOUT))
