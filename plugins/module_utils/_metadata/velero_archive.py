# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of a Velero backup: a gzipped tar with one JSON file per object. Pure."""

from __future__ import annotations

import io
import json
import re
import tarfile
import zlib
from typing import Any

from .._errors import Failed
from .._model.capture import Capture

# each object is there twice; the copies under <version>-preferredversion are the same
MEMBER = re.compile(r"(?:\./)?resources/(?P<resource>[^/]+)/(?:cluster|namespaces/[^/]+)/[^/]+\.json")
BROKEN = (tarfile.TarError, zlib.error, OSError, EOFError, ValueError)


def read_archive(name: str, data: bytes) -> Capture:
    """The capture in an archive. Nothing is written to disk, so no path in it can do harm."""
    try:
        return Capture(name, _objects(data))
    except BROKEN as error:
        raise Failed(
            "read the content of the backup",
            on=f"Backup/{name}",
            seen=f"{len(data)} bytes that are no backup: {error}",
            next_step="choose another capture, or look at the object store",
        ) from error


def _objects(data: bytes) -> dict[str, list[Any]]:
    objects: dict[str, list[Any]] = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in archive:
            match = MEMBER.fullmatch(member.name)
            if match is None or ".." in member.name.split("/") or not member.isfile():
                continue
            content = archive.extractfile(member)
            if content:
                objects.setdefault(match["resource"], []).append(json.load(content))
    return objects
