# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes of a product's objects: whole or not at all, and through conflicts that pass.

A server drops without a word what the installed definition lacks, and the product would then do something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._cluster.api import Api
from .._cluster.kinds import Kind
from .._errors import Conflict

Object = dict[str, Any]
# a product writes its objects at any moment
ATTEMPTS = 5


def create_surely(api: Api, kind: Kind, body: Object) -> Object:
    """What is there already is taken if it is what we write: the answer to a first request may have been lost."""
    try:
        return api.create(kind, body, strict=True)
    except Conflict:
        meta = body["metadata"]
        # a list, as for all other reads: nobody needs a right more
        items: list[Object] = api.list(kind, meta.get("namespace"), fields=f"metadata.name={meta['name']}")
        for item in items:
            if _was_made_of(item, body):
                return item
        raise


def patch_surely(api: Api, kind: Kind, name: str, namespace: str | None, body: Object) -> Object:
    """body: a merge patch that is right whatever else was changed meanwhile."""
    for _attempt in range(ATTEMPTS - 1):
        try:
            return api.patch(kind, name, namespace, body, strict=True)
        except Conflict:
            continue
    return api.patch(kind, name, namespace, body, strict=True)


def _was_made_of(stored: Any, body: Any) -> bool:
    """The server adds fields of its own, also to the entries of lists."""
    if isinstance(body, Mapping):
        return isinstance(stored, Mapping) and all(_was_made_of(stored.get(key), body[key]) for key in body)
    if isinstance(body, list):
        as_many = isinstance(stored, list) and len(stored) == len(body)
        return as_many and all(_was_made_of(*pair) for pair in zip(stored, body, strict=True))
    return bool(stored == body)


def holds(item: Any, patch: Mapping[str, Any]) -> bool:
    """Whether a merge patch would change nothing."""
    if not isinstance(item, Mapping):
        return False
    return all(
        holds(item.get(key), value) if isinstance(value, Mapping) else item.get(key) == value
        for key, value in patch.items()
    )
