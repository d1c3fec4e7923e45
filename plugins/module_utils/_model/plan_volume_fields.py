# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a PersistentVolume that a volume rule sets, and the placeholders in their values."""

from __future__ import annotations

import re

from .plan_problem import suggest

PLACEHOLDERS = ("pv.name", "pv.nfs.path", "pvc.name", "pvc.namespace", "vm.name")

_SEGMENT = re.compile(r"(?P<dot>\.?)(?:(?P<name>[A-Za-z][A-Za-z0-9_-]*)|\[(?P<key>[^\[\]]+)\])")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SECRET_REFS = (
    "controllerExpandSecretRef",
    "controllerPublishSecretRef",
    "nodeExpandSecretRef",
    "nodePublishSecretRef",
    "nodeStageSecretRef",
)
# Known second levels; None: anything below is accepted.
_FIELDS: dict[str, tuple[str, ...] | None] = {
    "azureFile": None,
    "cephfs": None,
    "csi": ("driver", "fsType", "readOnly", "volumeAttributes", "volumeHandle", *_SECRET_REFS),
    "fc": ("fsType", "lun", "readOnly", "targetWWNs", "wwids"),
    "hostPath": ("path", "type"),
    "iscsi": None,
    "local": ("fsType", "path"),
    "mountOptions": (),
    "nfs": ("path", "readOnly", "server"),
    "nodeAffinity": (),
    "rbd": None,
    "storageClassName": (),
    "volumeAttributesClassName": (),
    "volumeMode": (),
}
_OURS = {
    "accessModes": "it is kept as captured",
    "capacity": "it is kept as captured",
    "claimRef": "the claim is bound by the restore itself",
    "persistentVolumeReclaimPolicy": "it is always Retain",
}


def field_path(field: str) -> tuple[str, ...]:
    """The keys below the PV's spec: nfs.path, csi.volumeAttributes.clusterID, csi.volumeAttributes[key.with/dots].

    ValueError when the text is not such a path, or not to a field that a rule may set.
    """
    path = _segments(field)
    first = path[0]
    if first == "spec":
        raise ValueError(f"fields are named from the PV's spec on: leave out {field[:60].partition('.')[0]}")
    if first in _OURS:
        raise ValueError(f"{first} cannot be set by a rule: {_OURS[first]}")
    if first not in _FIELDS:
        raise ValueError(f"unknown PV field {first}{suggest(first, _FIELDS)}; known: {', '.join(_FIELDS)}")
    below = _FIELDS[first]
    if below == () and len(path) > 1:
        raise ValueError(f"{first} has no fields of its own")
    if below and len(path) == 1:
        raise ValueError(f"{first} cannot be set as a whole; name its field, such as {first}.{below[0]}")
    if below and path[1] not in below:
        known = [f"{first}.{name}" for name in below]
        raise ValueError(
            f"unknown PV field {first}.{path[1]}{suggest(f'{first}.{path[1]}', known)}; known: {', '.join(known)}"
        )
    return path


def check_placeholders(text: str, captures: frozenset[str]) -> None:
    """ValueError when the text has a placeholder that nothing fills, or a brace that belongs to none.

    captures: names that the rule's regular expressions capture, for {match.NAME}.
    """
    known = (*PLACEHOLDERS, *sorted(f"match.{name}" for name in captures))
    for name in _PLACEHOLDER.findall(text):
        if name not in known:
            hint = "; capture it in the rule's match with (?P<name>…)" if name.startswith("match.") else ""
            shown = ", ".join(f"{{{option}}}" for option in known)
            raise ValueError(f"unknown placeholder {{{name[:60]}}}{suggest(name, known)}{hint}; known: {shown}")
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        raise ValueError("a brace that belongs to no placeholder")


def _segments(field: str) -> tuple[str, ...]:
    path: list[str] = []
    end = 0
    while end < len(field):
        match = _SEGMENT.match(field, end)
        if match is None or bool(match["dot"]) != bool(path and match["name"]):
            path = []
            break
        path.append(match["name"] or match["key"])
        end = match.end()
    if not path or field.startswith("["):
        raise ValueError("not the name of a PV field such as nfs.path or csi.volumeAttributes[key.with/dots]")
    return tuple(path)
