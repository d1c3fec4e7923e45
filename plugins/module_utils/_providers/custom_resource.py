# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider writes to and reads from a product's custom resources, as data that its code uses itself.

The conformance test holds both against the vendor's definitions: a path that is not declared cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._cluster.kinds import Kind


@dataclass(frozen=True)
class FieldPath:
    """A field of an object, as `status.state`. entries: for a list of mappings, the fields of each that are read."""

    path: str
    entries: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(f"{self.path}[].{name}" for name in self.entries) or (self.path,)

    def read(self, item: Mapping[str, Any]) -> Any:
        """The field's value; None where it, or anything on the way to it, is absent."""
        value: Any = item
        for name in self.path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def read_entries(self, item: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The list's entries with their declared fields; a field that an entry lacks is None."""
        return [{name: entry.get(name) for name in self.entries} for entry in self.read(item) or []]


@dataclass(frozen=True)
class CustomResource:
    """One kind of a product's.

    reads: all fields that are read of it. samples: one of each object that is written, made by the code that writes it.
    patches: the same of each merge patch; all of them fit the first sample.
    """

    kind: Kind
    reads: tuple[FieldPath, ...]
    samples: Callable[[], list[dict[str, Any]]] = list
    patches: Callable[[], list[dict[str, Any]]] = list
