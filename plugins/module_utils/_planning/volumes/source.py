# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which source a PV has, and how it is called in messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_BESIDE = {"accessModes", "capacity", "claimRef", "volumeMode", "storageClassName", "mountOptions", "nodeAffinity"}


def source_names(spec: Mapping[str, Any]) -> list[str]:
    """A PV that the API server accepts has exactly one."""
    return [name for name, value in spec.items() if isinstance(value, dict) and name not in _BESIDE]


def source_of(pv: Mapping[str, Any]) -> str:
    """The PV's volume source, short: `nfs 10.0.0.1:/exports/a`, `csi driver handle`."""
    spec = pv["spec"]
    name = "csi" if "csi" in spec else next(iter(source_names(spec)), "")
    source = spec.get(name) or {}
    if name == "nfs":
        return f"nfs {source.get('server')}:{source.get('path')}"
    if name == "csi":
        return f"csi {source.get('driver')} {source.get('volumeHandle')}"
    if name == "iscsi":
        return f"iscsi {source.get('targetPortal')} {source.get('iqn')} lun {source.get('lun')}"
    if name == "fc":
        return f"fc {','.join(source.get('wwids') or source.get('targetWWNs') or ())} lun {source.get('lun')}"
    told = [str(source[key]) for key in ("pool", "image", "path", "volumePath", "shareName") if source.get(key)]
    return " ".join([name, *told]) if name else "an unknown source"


def field_name(path: Sequence[str]) -> str:
    """As a rule would name the field: csi.volumeAttributes[key.with/dots]."""
    text = ""
    for key in path:
        plain = key.replace("_", "").replace("-", "").isalnum() and key.isascii() and key[0].isalpha()
        text += (f".{key}" if text else key) if plain else f"[{key}]"
    return text
