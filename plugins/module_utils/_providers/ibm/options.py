# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a group that IBM's block storage replicates, as they hold at one site."""

from __future__ import annotations

from dataclasses import dataclass

from ..._model.plan import Group
from ..csi_addons.options import DEFAULT_TIMEOUT, IBM_DRIVER, CsiAddonsOptions
from ..group_options import check_known, seconds_of, wrong

KNOWN = {"class", "driver", "peer_handle", "timeout"}


@dataclass(frozen=True)
class IbmOptions:
    """driver: of the volumes. peer_handle: annotation of a PV or claim here that holds the handle of its copy."""

    driver: str
    peer_handle: str


def options_of(group: Group, site: str) -> IbmOptions:
    found = group.options_at(site)
    check_known(group, site, found, KNOWN)
    for name, what in (("driver", "a CSI driver"), ("peer_handle", "an annotation")):
        if not isinstance(found.get(name, ""), str):
            raise wrong(group, site, f"{name}: {found[name]}", f"{name}: the name of {what}")
    return IbmOptions(found.get("driver", IBM_DRIVER), found.get("peer_handle", ""))


def csi_addons_options_of(group: Group, site: str) -> CsiAddonsOptions:
    """The driver takes a VolumeReplication per claim, and throws nothing away by itself."""
    found = group.options_at(site)
    check_known(group, site, found, KNOWN)
    if not isinstance(found.get("class"), str) or not found["class"]:
        raise wrong(group, site, "no class", "class: the name of a VolumeReplicationClass of the site")
    timeout = seconds_of(group, site, found, "timeout", DEFAULT_TIMEOUT)
    return CsiAddonsOptions(found["class"], "volume", "", auto_resync=False, timeout=timeout)
