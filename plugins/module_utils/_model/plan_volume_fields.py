# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of a PersistentVolume that a volume rule matches and sets, and the placeholders in their values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

from .plan_problem import suggest

Path = tuple[str, ...]


class Kind(Enum):
    """What a field holds. A PATTERN differs from volume to volume, so rules match it by regular expression."""

    WORD = "a text"
    PATTERN = "a text, matched by regular expression"
    NUMBER = "a whole number"
    FLAG = "true or false"
    WORDS = "a list of texts"
    REFERENCE = "the name and namespace of a Secret"
    ATTRIBUTES = "texts by key"
    TREE = "a mapping"


REFERENCE_KEYS = ("name", "namespace")
SECRET_REFS = (
    "controllerExpandSecretRef",
    "controllerPublishSecretRef",
    "nodeExpandSecretRef",
    "nodePublishSecretRef",
    "nodeStageSecretRef",
)
# the sources that a PV may have, each with its fields
SOURCES: dict[str, dict[str, Kind]] = {
    "azureFile": {
        "shareName": Kind.WORD,
        "secretName": Kind.WORD,
        "secretNamespace": Kind.WORD,
        "readOnly": Kind.FLAG,
    },
    "cephfs": {
        "monitors": Kind.WORDS,
        "path": Kind.PATTERN,
        "user": Kind.WORD,
        "secretFile": Kind.WORD,
        "secretRef": Kind.REFERENCE,
        "readOnly": Kind.FLAG,
    },
    "csi": {
        "driver": Kind.WORD,
        "fsType": Kind.WORD,
        "readOnly": Kind.FLAG,
        "volumeAttributes": Kind.ATTRIBUTES,
        "volumeHandle": Kind.PATTERN,
        **dict.fromkeys(SECRET_REFS, Kind.REFERENCE),
    },
    "fc": {
        "fsType": Kind.WORD,
        "lun": Kind.NUMBER,
        "readOnly": Kind.FLAG,
        "targetWWNs": Kind.WORDS,
        "wwids": Kind.WORDS,
    },
    "hostPath": {"path": Kind.PATTERN, "type": Kind.WORD},
    "iscsi": {
        "targetPortal": Kind.WORD,
        "portals": Kind.WORDS,
        "iqn": Kind.WORD,
        "lun": Kind.NUMBER,
        "iscsiInterface": Kind.WORD,
        "initiatorName": Kind.WORD,
        "fsType": Kind.WORD,
        "readOnly": Kind.FLAG,
        "chapAuthDiscovery": Kind.FLAG,
        "chapAuthSession": Kind.FLAG,
        "secretRef": Kind.REFERENCE,
    },
    "local": {"fsType": Kind.WORD, "path": Kind.PATTERN},
    "nfs": {"server": Kind.WORD, "path": Kind.PATTERN, "readOnly": Kind.FLAG},
    "rbd": {
        "monitors": Kind.WORDS,
        "image": Kind.PATTERN,
        "pool": Kind.WORD,
        "user": Kind.WORD,
        "keyring": Kind.WORD,
        "fsType": Kind.WORD,
        "readOnly": Kind.FLAG,
        "secretRef": Kind.REFERENCE,
    },
    "vsphereVolume": {
        "volumePath": Kind.PATTERN,
        "fsType": Kind.WORD,
        "storagePolicyID": Kind.WORD,
        "storagePolicyName": Kind.WORD,
    },
}
# what stands beside the source in the PV's spec
PLAIN_FIELDS = {
    "mountOptions": Kind.WORDS,
    "nodeAffinity": Kind.TREE,
    "storageClassName": Kind.WORD,
    "volumeAttributesClassName": Kind.WORD,
    "volumeMode": Kind.WORD,
}

_OURS = {
    "accessModes": "it is kept as captured",
    "capacity": "it is kept as captured",
    "claimRef": "the claim is bound by the restore itself",
    "persistentVolumeReclaimPolicy": "it is always Retain",
}
_FILLED = (Kind.WORD, Kind.PATTERN, Kind.NUMBER)
_METADATA_MAPS = ("labels", "annotations")
_CLAIM_FIELDS = ("name", "namespace", "storageClassName")
_FORMS = (
    "pv.name",
    "pv.FIELD",
    "pv.labels[KEY]",
    "pv.annotations[KEY]",
    "pvc.name",
    "pvc.namespace",
    "pvc.storageClassName",
    "pvc.labels[KEY]",
    "pvc.annotations[KEY]",
    "vm.name",
)
_SEGMENT = re.compile(r"(?P<dot>\.?)(?:(?P<name>[A-Za-z][A-Za-z0-9_-]*)|\[(?P<key>[^\[\]]+)\])")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def field_path(field: str) -> Path:
    """The keys below the PV's spec: nfs.path, csi.volumeAttributes.clusterID, csi.volumeAttributes[key.with/dots].

    ValueError when the text is not such a path, or not to a field that a rule may set.
    """
    path = _segments(field)
    first = path[0]
    if first == "spec":
        raise ValueError(f"fields are named from the PV's spec on: leave out {field[:60].partition('.')[0]}")
    if first in _OURS:
        raise ValueError(f"{first} cannot be set by a rule: {_OURS[first]}")
    _kind(path)
    return path


def field_kind(path: Path) -> Kind:
    """What the field at a valid path holds."""
    return _kind(path)


def pattern_fields() -> Iterator[tuple[str, str]]:
    """Source and field of what rules match by regular expression."""
    for source, fields in SOURCES.items():
        yield from ((source, field) for field, kind in fields.items() if kind is Kind.PATTERN)


def placeholder_path(name: str) -> Path:
    """The keys that a placeholder's name leads along. ValueError when it is no such name."""
    return _segments(name)


def split_template(text: str) -> tuple[str, ...]:
    """Literal texts at even places, names of placeholders at odd ones."""
    return tuple(_PLACEHOLDER.split(text))


def check_placeholders(text: str, captures: frozenset[str]) -> None:
    """ValueError when the text has a placeholder that nothing fills, or a brace that belongs to none.

    captures: names that the rule's regular expressions capture, for {match.NAME}.
    """
    pieces = split_template(text)
    for name in pieces[1::2]:
        _check_placeholder(name, captures)
    if any(set("{}") & set(piece) for piece in pieces[::2]):
        raise ValueError("a brace that belongs to no placeholder")


def texts_of(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every text in a field's value, with where in it."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts_of(item, (*at, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from texts_of(item, (*at, index))


def _kind(path: Path) -> Kind:
    first = path[0]
    if first in PLAIN_FIELDS:
        if len(path) > 1:
            raise ValueError(f"{first} has no fields of its own")
        return PLAIN_FIELDS[first]
    if first not in SOURCES:
        known = sorted([*SOURCES, *PLAIN_FIELDS])
        raise ValueError(f"unknown PV field {first}{suggest(first, known)}; known: {', '.join(known)}")
    fields = SOURCES[first]
    if len(path) == 1:
        raise ValueError(f"{first} cannot be set as a whole; name its field, such as {first}.{next(iter(fields))}")
    if path[1] not in fields:
        known = [f"{first}.{name}" for name in fields]
        raise ValueError(
            f"unknown PV field {first}.{path[1]}{suggest(f'{first}.{path[1]}', known)}; known: {', '.join(known)}"
        )
    return _leaf(path, fields[path[1]])


def _leaf(path: Path, kind: Kind) -> Kind:
    """The kind of what a path ends at, which may lie inside the source's field."""
    field, below = ".".join(path[:2]), path[2:]
    if kind is Kind.REFERENCE:
        if not below:
            raise ValueError(f"{field} cannot be set as a whole; name its field, such as {field}.name")
        if len(below) > 1 or below[0] not in REFERENCE_KEYS:
            known = [f"{field}.{name}" for name in REFERENCE_KEYS]
            raise ValueError(f"unknown PV field {'.'.join(path)}; known: {', '.join(known)}")
        return Kind.WORD
    if kind is Kind.ATTRIBUTES:
        if not below:
            raise ValueError(f"{field} cannot be set as a whole; name an attribute, such as {field}[KEY]")
        if len(below) > 1:
            raise ValueError(f"{field} holds texts by key: write a key with dots as {field}[{'.'.join(below)}]")
        return Kind.WORD
    if below:
        raise ValueError(f"{field} has no fields of its own")
    return kind


def _check_placeholder(name: str, captures: frozenset[str]) -> None:
    try:
        path = placeholder_path(name)
        known = _is_known(path, captures)
    except ValueError:
        known = False
    if not known:
        matched = [f"match.{capture}" for capture in sorted(captures)]
        fields = [f"pv.{source}.{field}" for source, fields in SOURCES.items() for field in fields]
        hint = "; capture it in the rule's match with (?P<name>…)" if name.startswith("match.") else ""
        shown = ", ".join(f"{{{option}}}" for option in (*_FORMS, *matched))
        meant = suggest(name, (*_FORMS, *fields, *matched))
        raise ValueError(f"unknown placeholder {{{name[:60]}}}{meant}{hint}; known: {shown}")


def _is_known(path: Path, captures: frozenset[str]) -> bool:
    root, below = path[0], path[1:]
    if root == "match":
        return len(below) == 1 and below[0] in captures
    if root == "vm":
        return below == ("name",)
    if root not in ("pv", "pvc") or not below:
        return False
    if below[0] in _METADATA_MAPS:
        return len(below) == 2
    if root == "pvc":
        return len(below) == 1 and below[0] in _CLAIM_FIELDS
    return below == ("name",) or _kind(below) in _FILLED


def _segments(field: str) -> Path:
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
