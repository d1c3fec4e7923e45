# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NFS: in-tree volumes, and csi-driver-nfs, which mounts what the attributes say and deletes what the handle says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .decided import DecidedVolume, Driver

# server/share/directory, of versions before 4.0
_OLD_HANDLE = re.compile(r"(?P<server>[^/#]+)/(?P<share>[^#]*)/(?P<subdir>[^/#]+)")


def _check_in_tree(volume: DecidedVolume) -> Iterable[str]:
    now, before = volume.spec["nfs"], volume.captured["spec"].get("nfs") or {}
    if not str(now.get("path", "")).startswith("/"):
        raise volume.refused(
            f"nfs.path is {now.get('path')!r}", "an absolute path", f"correct {volume.place('nfs', 'path')}"
        )
    if (now.get("server"), now.get("path")) == (before.get("server"), before.get("path")):
        return ["nfs.server and nfs.path are the same at both sites"]
    return []


def _check_csi(volume: DecidedVolume) -> Iterable[str]:
    attributes = {key.lower(): value for key, value in volume.attributes.items()}
    for name in ("server", "share"):
        if not attributes.get(name):
            raise volume.refused(
                f"csi.volumeAttributes.{name} is absent: the driver mounts what it says",
                "server and share",
                f"set {volume.place('csi', 'volumeAttributes', name)}",
            )
    told = _of_handle(volume.handle)
    for name, wanted in told.items():
        seen = attributes.get(name, "").strip("/")
        if wanted and seen != wanted:
            raise volume.refused(
                f"csi.volumeHandle {volume.handle!r} says {name} {wanted!r},"
                f" csi.volumeAttributes.{name} says {attributes.get(name)!r}",
                "both of one directory: the driver mounts what the attributes say and deletes what the handle says",
                f"set both under {volume.place('csi', 'volumeHandle')}: the handle is"
                " server#share#subdir#uuid#onDelete",
            )
    return [] if told else ["csi.volumeHandle is a name of its own; only the attributes say what is mounted"]


def _of_handle(handle: str) -> Mapping[str, str]:
    """What the handle says of server, share and directory; empty for an identifier that somebody chose."""
    parts = handle.split("#")
    if len(parts) < 3:
        old = _OLD_HANDLE.fullmatch(handle)
        return old.groupdict() if old else {}
    server, share, subdir = (part.strip("/") for part in parts[:3])
    if "/" in server:
        # server/share##, as the driver's own example of a static volume has it
        server, share = server.split("/", 1)
    return {"server": server, "share": share, "subdir": subdir}


NFS = Driver(_check_in_tree)
CSI_NFS = Driver(_check_csi)
