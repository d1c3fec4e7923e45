# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a VM was held still while its disks were snapshotted, in the words of KubeVirt's status. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._model.clone import Consistency
from ..._model.finding import Finding

FREEZE_FAILED = "Failed freezing vm"


def consistency_of(status: Mapping[str, Any]) -> Consistency:
    said = _said(status)
    if "Online" not in said:
        return "off"
    return "frozen" if "GuestAgent" in said and not {"QuiesceFailed", "Paused"} & said else "crash"


def freeze_failed(status: Mapping[str, Any]) -> bool:
    return FREEZE_FAILED in str((status.get("error") or {}).get("message", ""))


def unfrozen(owner: str, status: Mapping[str, Any]) -> Iterator[Finding]:
    """That the clones are only as after a power failure."""
    if consistency_of(status) != "crash":
        return
    said = _said(status)
    if "Paused" in said:
        why, remedy = "it is paused, and a paused guest flushes nothing", "resume it before the next protect"
    elif "QuiesceFailed" in said:
        why, remedy = "KubeVirt says that freezing its guest failed at some time", "mend its guest agent"
    else:
        why, remedy = "it runs without a connected guest agent", "install qemu-guest-agent in it"
    message = f"{why}: its clones are of one moment, and as after a power failure"
    yield Finding("warning", "NotFrozen", owner, message, remedy)


def _said(status: Mapping[str, Any]) -> set[str]:
    newer = [item["indication"] for item in status.get("sourceIndications") or []]
    return {*(status.get("indications") or []), *newer}
