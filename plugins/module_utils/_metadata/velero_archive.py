# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of a Velero backup: a gzipped tar with one JSON file per object. Pure."""

from __future__ import annotations

import io
import json
import re
import tarfile
from typing import Any

from .._model.capture import Capture

# each object is there twice; the copies under <version>-preferredversion are the same
MEMBER = re.compile(r"(?:\./)?resources/(?P<resource>[^/]+)/(?:cluster|namespaces/[^/]+)/[^/]+\.json")


def read_archive(name: str, data: bytes) -> Capture:
    """The capture in an archive. Nothing is written to disk, so no path in it can do harm."""
    objects: dict[str, list[Any]] = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in archive:
            match = MEMBER.fullmatch(member.name)
            content = archive.extractfile(member) if match and member.isfile() else None
            if match and content:
                objects.setdefault(match["resource"], []).append(json.load(content))
    return Capture(name, objects)
