# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The index of an export: what a capture consists of. Written last, and never changed. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .export_form import BROKEN, DIGEST, canonical, packed, unpacked

FORMAT = 1
_STAMP = "%Y%m%d%H%M%S"
_RESOURCE = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9.-]+)?")


@dataclass(frozen=True)
class Entry:
    """One object. resource: `plural.group`."""

    resource: str
    namespace: str | None
    name: str
    digest: str

    @property
    def on(self) -> str:
        return "/".join(part for part in (self.resource, self.namespace, self.name) if part)


@dataclass(frozen=True)
class Index:
    """created: ISO 8601."""

    plan: str
    site: str
    created: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class CaptureName:
    """<plan>-<site>-<time>-<4 hex digits>: a catalog is read from names alone."""

    site: str
    created: datetime
    text: str

    @classmethod
    def new(cls, plan: str, site: str, now: datetime, nonce: str) -> CaptureName:
        moment = now.astimezone(UTC).replace(microsecond=0)
        return cls(site, moment, f"{plan}-{site}-{moment:{_STAMP}}-{nonce}")

    @classmethod
    def read(cls, text: str, plan: str, sites: Iterable[str]) -> CaptureName | None:
        """None for what is no capture of this plan."""
        for site in sites:
            match = re.fullmatch(rf"{re.escape(plan)}-{re.escape(site)}-(\d{{14}})-[0-9a-f]{{4}}", text)
            if match:
                try:
                    return cls(site, datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC), text)
                except ValueError:
                    return None
        return None


def write_index(index: Index) -> bytes:
    objects = sorted([entry.resource, entry.namespace or "", entry.name, entry.digest] for entry in index.entries)
    document = {
        "format": FORMAT,
        "plan": index.plan,
        "site": index.site,
        "created": index.created,
        "objects": objects,
    }
    return packed(canonical(document))


def read_index(stored: bytes) -> Index:
    """ValueError says what is wrong with it."""
    try:
        document = json.loads(unpacked(stored))
    except BROKEN as error:
        raise ValueError(str(error)) from error
    if not isinstance(document, dict) or "format" not in document:
        raise ValueError("it is no index of an export")
    if document["format"] != FORMAT:
        raise ValueError(f"its format is {document['format']!r}; this version of the collection reads {FORMAT}")
    try:
        entries = tuple(_entry(row) for row in document["objects"])
        return Index(str(document["plan"]), str(document["site"]), str(document["created"]), entries)
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks a part ({error})") from error


def _entry(row: Any) -> Entry:
    if not isinstance(row, list) or len(row) != 4 or not all(isinstance(part, str) for part in row):
        raise ValueError(f"an entry is not resource, namespace, name, digest: {str(row)[:100]}")
    resource, namespace, name, digest = row
    if not (_RESOURCE.fullmatch(resource) and name and DIGEST.fullmatch(digest)):
        raise ValueError(f"an entry is not resource, namespace, name, digest: {str(row)[:100]}")
    return Entry(resource, namespace or None, name, digest)
