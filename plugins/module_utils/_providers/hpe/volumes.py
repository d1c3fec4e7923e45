# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a claim and its volume of HPE's CSI driver say of their Remote Copy group. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ..site_handle import ClaimedVolume

DRIVER = "csi.hpe.com"
GROUP, DEVICES, POLICY, ALONE = "remoteCopyGroup", "replicationDevices", "replicationPolicy", "oneRcgPerPvc"
SHOWN = 3


@dataclass(frozen=True)
class RemoteCopy:
    """group: its name on the array; empty where each volume has one of its own. devices: an HPEReplicationDeviceInfo.

    active: by Active Peer Persistence, where both arrays serve one volume.
    """

    group: str
    devices: str
    active: bool

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def remote_copy_of(item: ClaimedVolume) -> RemoteCopy | None:
    """None: of another driver, or not replicated as far as Kubernetes shows.

    A claim's annotations win: the driver changes a volume by them without a word in its PV.
    """
    csi = (item.pv or {}).get("spec", {}).get("csi") or {}
    if csi.get("driver") != DRIVER:
        return None
    notes = item.pvc["metadata"].get("annotations") or {}
    found = {**(csi.get("volumeAttributes") or {}), **_overrides(notes)}
    if not found.get(DEVICES) or not (found.get(GROUP) or found.get(ALONE) == "true"):
        return None
    return RemoteCopy(found.get(GROUP, ""), found[DEVICES], found.get(POLICY) == "active")


def in_words(volumes: Sequence[RemoteCopy | None]) -> str:
    """How many volumes are in which Remote Copy groups."""
    counts = Counter(_name(found) for found in volumes)
    words = [f"{count} in {name}" for name, count in sorted(counts.items())]
    more = [f"and {len(words) - SHOWN} more"] if len(words) > SHOWN else []
    text = f"volumes: {', '.join([*words[:SHOWN], *more])}"
    if any(found and found.active for found in volumes):
        text += " (Active Peer Persistence: one volume that both arrays serve, inside one cluster)"
    return text


def _name(found: RemoteCopy | None) -> str:
    if found is None:
        return "no Remote Copy group"
    return f"Remote Copy group {found.group}" if found.group else "a Remote Copy group of its own"


def _overrides(notes: Mapping[str, str]) -> dict[str, str]:
    return {name: notes[f"{DRIVER}/{name}"] for name in (GROUP, DEVICES, POLICY, ALONE) if f"{DRIVER}/{name}" in notes}
