# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a volume rule's `match` fits a PV and its PVC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def match_rule(match: Mapping[str, Any], pv: Mapping[str, Any], pvc: Mapping[str, Any]) -> dict[str, str] | None:
    """Named captures of the rule's regular expressions (empty if it has none); None when the rule does not match.

    name, nfs.path and csi.volumeHandle are regular expressions over the whole value; everything else is compared as
    it is, a list meaning any of its values.
    """
    spec = pv["spec"]
    captures: dict[str, str] = {}
    for key, wanted in match.items():
        if key == "name":
            found = _capture(wanted, pv["metadata"]["name"], captures)
        elif key == "namespace":
            found = _equals(wanted, pvc["metadata"]["namespace"])
        elif key == "storage_class":
            found = _equals(wanted, spec.get("storageClassName", ""))
        else:
            found = key in spec and _match_source(wanted, spec[key], captures)
        if not found:
            return None
    return captures


def _match_source(wanted: Mapping[str, Any], source: Mapping[str, Any], captures: dict[str, str]) -> bool:
    for field, value in wanted.items():
        seen = source.get(field)
        if field in ("path", "volumeHandle"):
            if not isinstance(seen, str) or not _capture(value, seen, captures):
                return False
        elif isinstance(value, Mapping):
            if not isinstance(seen, Mapping) or not _match_source(value, seen, captures):
                return False
        elif not _equals(value, seen):
            return False
    return True


def _capture(pattern: str, text: str, captures: dict[str, str]) -> bool:
    match = re.fullmatch(pattern, text)
    if match is None:
        return False
    captures.update({name: value or "" for name, value in match.groupdict().items()})
    return True


def _equals(wanted: Any, seen: Any) -> bool:
    return seen in wanted if isinstance(wanted, (list, tuple)) else seen == wanted
