# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates in the values that a volume rule sets: {pv.FIELD}, {pvc.labels[KEY]}, {vm.name}. Nothing is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._errors import Refused
from ..._model.plan_volume_fields import Kind, placeholder_path, split_template

_METADATA = ("name", "namespace", "labels", "annotations")


@dataclass(frozen=True, slots=True)
class CapturedVolume:
    """What placeholders are filled from. vms: names of those that use the claim; captures: of the rule that matches."""

    pv: Mapping[str, Any]
    pvc: Mapping[str, Any]
    vms: tuple[str, ...]
    captures: Mapping[str, str]

    @property
    def on(self) -> str:
        return f"PersistentVolume/{self.pv['metadata']['name']}"


class Template:
    """One value of a rule, compiled once, filled for every volume."""

    def __init__(self, value: Any, kind: Kind) -> None:
        self._value = value
        self._kind = kind
        self._pieces: Any = _compiled(value)

    def fill(self, volume: CapturedVolume) -> Any:
        """The value for this volume. Refused when a placeholder has none, or when it is not what the field holds."""
        filled = _filled(self._pieces, volume, self._value)
        if self._kind is Kind.NUMBER and isinstance(filled, str):
            if not filled.isascii() or not filled.isdigit():
                raise Refused(
                    "patch the volume",
                    on=volume.on,
                    seen=f"{self._value!r} gives {filled!r} here",
                    wanted="a whole number",
                    next_step="correct the value that the template takes it from, or the template",
                )
            return int(filled)
        return filled


@dataclass(frozen=True, slots=True)
class _Constant:
    """A text without placeholders, a number or a flag: nothing that could be changed where it is used."""

    value: Any


@dataclass(frozen=True, slots=True)
class _Pieces:
    """literals[0], value of paths[0], literals[1], …"""

    literals: tuple[str, ...]
    names: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...]


def _compiled(value: Any) -> Any:
    if isinstance(value, str):
        pieces = split_template(value)
        if len(pieces) == 1:
            return _Constant(value)
        return _Pieces(pieces[::2], pieces[1::2], tuple(placeholder_path(name) for name in pieces[1::2]))
    if isinstance(value, dict):
        return {key: _compiled(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_compiled(item) for item in value]
    return _Constant(value)


def _filled(pieces: Any, volume: CapturedVolume, whole: Any) -> Any:
    if isinstance(pieces, _Constant):
        return pieces.value
    if isinstance(pieces, _Pieces):
        text = pieces.literals[0]
        for name, path, literal in zip(pieces.names, pieces.paths, pieces.literals[1:], strict=True):
            text += _value_of(name, path, volume, whole) + literal
        return text
    if isinstance(pieces, dict):
        return {key: _filled(item, volume, whole) for key, item in pieces.items()}
    return [_filled(item, volume, whole) for item in pieces]


def _value_of(name: str, path: tuple[str, ...], volume: CapturedVolume, whole: Any) -> str:
    root, keys = path[0], path[1:]
    value: Any
    if root == "match":
        value = volume.captures.get(keys[0])
    elif root == "vm":
        value = _only_vm(name, volume)
    else:
        document = volume.pv if root == "pv" else volume.pvc
        value = document["metadata"] if keys[0] in _METADATA else document["spec"]
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise Refused(
            "patch the volume",
            on=volume.on,
            seen=f"{{{name}}} has no value here",
            wanted=f"a value for {whole!r}",
            next_step="give the volume that value, or write a rule of its own for volumes that lack it",
        )
    return value


def _only_vm(name: str, volume: CapturedVolume) -> str:
    if len(volume.vms) > 1:
        raise Refused(
            "patch the volume",
            on=volume.on,
            seen=f"{{{name}}} could be any of the VMs that share it: {', '.join(volume.vms)}",
            wanted="one VM, or a rule that does not name it",
            next_step="write a rule of its own for shared volumes, above this one, with {pvc.name} or {pv.name}",
        )
    return volume.vms[0] if volume.vms else ""
