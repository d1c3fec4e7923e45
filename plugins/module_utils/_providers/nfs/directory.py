# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory that an NFS volume is, of Kubernetes itself or of csi-driver-nfs."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CSI_DRIVER = "nfs.csi.k8s.io"


@dataclass(frozen=True)
class NfsDirectory:
    server: str
    path: str

    def below(self, root: str) -> str | None:
        """The rest of the path, empty for the root itself; None outside of it."""
        root = posixpath.normpath(root).rstrip("/")
        if f"{self.path}/".startswith(f"{root}/"):
            return self.path.removeprefix(root).lstrip("/")
        return None


def directory_of(pv: Mapping[str, Any]) -> NfsDirectory | None:
    """None for a volume that is none, and for one of csi-driver-nfs that does not say what is mounted."""
    nfs = pv["spec"].get("nfs")
    if nfs:
        return NfsDirectory(nfs["server"], posixpath.normpath(nfs["path"]))
    csi = pv["spec"].get("csi") or {}
    # the driver does not look at their case
    told = {key.lower(): value for key, value in (csi.get("volumeAttributes") or {}).items()}
    if csi.get("driver") != CSI_DRIVER or not told.get("server") or not told.get("share"):
        return None
    return NfsDirectory(told["server"], posixpath.normpath(f"{told['share']}/{told.get('subdir', '').strip('/')}"))


def in_export(pv: Mapping[str, Any], export: str, below: str) -> dict[str, Any]:
    """What of the PV's spec would name a directory of another export of the same server."""
    nfs = pv["spec"].get("nfs")
    if nfs:
        return {"nfs": {**nfs, "path": posixpath.join(export, below).rstrip("/")}}
    csi = pv["spec"]["csi"]
    attributes = dict(csi["volumeAttributes"])
    server = next(value for key, value in attributes.items() if key.lower() == "server")
    kept = {key: value for key, value in attributes.items() if key.lower() not in ("share", "subdir")}
    # what the driver makes of them; two volumes with one handle are one to a node
    handle = f"{server}#{export.strip('/')}#{below}##"
    return {
        "csi": {**csi, "volumeHandle": handle, "volumeAttributes": {**kept, "share": export, "subdir": below}},
    }
