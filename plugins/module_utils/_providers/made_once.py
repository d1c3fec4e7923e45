# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating an object while the API server may restart: a request that was repeated finds what it has made itself."""

from __future__ import annotations

from typing import Any

from .._cluster.api import Api
from .._cluster.kinds import Kind
from .._errors import Conflict

Object = dict[str, Any]


def create_once(api: Api, kind: Kind, body: Object) -> Object:
    """What the server stored. Conflict where something else has the name."""
    try:
        return api.create(kind, body)
    except Conflict:
        found = api.find(kind, body["metadata"]["name"], body["metadata"].get("namespace"))
        if found is None or not _holds(found, body):
            raise
        return found


def _holds(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there; the server adds fields of its own."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(key in found and _holds(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(_holds(*pair) for pair in zip(found, wanted, strict=True))
        )
    return bool(found == wanted)
