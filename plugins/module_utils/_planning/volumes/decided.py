# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PV as its rule leaves it, in the hands of the driver's check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._errors import Refused
from .source import field_name

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DecidedVolume:
    """captured: the PV at the site it comes from. spec: of the PV to create. fields: what the rule sets, as paths."""

    captured: Mapping[str, Any]
    spec: Object
    rule: int
    target: str
    fields: frozenset[tuple[str, ...]]

    @property
    def on(self) -> str:
        return f"PersistentVolume/{self.captured['metadata']['name']}"

    @property
    def csi(self) -> Object:
        found: Object = self.spec["csi"]
        return found

    @property
    def handle(self) -> str:
        return str(self.csi.get("volumeHandle", ""))

    @property
    def handle_before(self) -> str:
        return str((self.captured["spec"].get("csi") or {}).get("volumeHandle", ""))

    @property
    def attributes(self) -> Mapping[str, str]:
        return self.csi.get("volumeAttributes") or {}

    def sets(self, *path: str) -> bool:
        return path in self.fields

    def place(self, *path: str) -> str:
        """Where in the plan a field is set for the target."""
        return f"volumes.rules[{self.rule}].set.{self.target} ({field_name(path)})"

    def refused(self, seen: str, wanted: str, next_step: str) -> Refused:
        return Refused("patch the volume", on=self.on, seen=seen, wanted=wanted, next_step=next_step)

    def require_set(self, path: tuple[str, ...], why: str) -> None:
        """Refused unless the rule says what the field is at each site, be it the same."""
        if not self.sets(*path):
            raise self.refused(
                f"rule {self.rule} leaves {field_name(path)} as it is at the other site: {why}",
                f"its value at {self.target}",
                f"set it under {self.place(*path)} and for the other site; where both share it, to the same value",
            )


Check = Callable[[DecidedVolume], Iterable[str]]
# changes the new PV before the rule does; (new PV, captured PV) to reasons
Prepare = Callable[[Object, Mapping[str, Any]], Iterable[str]]
# (PV at the target) to the product whose controller made it, empty if none did
Maker = Callable[[Mapping[str, Any]], str]


def _nothing(_new: Object, _captured: Mapping[str, Any]) -> Iterable[str]:
    return ()


def _nobody(_pv: Mapping[str, Any]) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Driver:
    """check: gives reasons for the decision, or refuses it with the remedy. prepare: what needs no rule."""

    check: Check
    prepare: Prepare = _nothing
    maker: Maker = _nobody


def check_handle(volume: DecidedVolume, addresses: Iterable[str] = ()) -> list[str]:
    """For drivers whose handle names a volume of one storage system: the rule must say what it is at each site.

    addresses: attributes that name the system too and have to change with the handle.
    """
    volume.require_set(("csi", "volumeHandle"), f"{volume.handle!r} names a volume of that site's storage system")
    if volume.handle == volume.handle_before:
        return ["csi.volumeHandle is the same at both sites, as the rule says: one volume, or a replica of its name"]
    for name in addresses:
        if name in volume.attributes:
            volume.require_set(
                ("csi", "volumeAttributes", name), f"the handle changes, {volume.attributes[name]!r} would not"
            )
    return []
