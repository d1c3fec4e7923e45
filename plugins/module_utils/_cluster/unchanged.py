# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A patch that holds only for an object as it was seen: decided anew whenever somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable

from .._errors import Conflict
from .api import Api, Object
from .kinds import Kind

# controllers write the status of their objects at any moment
ATTEMPTS = 5


def patch_unchanged(api: Api, kind: Kind, item: Object, decide: Callable[[Object], Object]) -> None:
    """decide: the merge patch for the object as it is; made anew from a fresh one after each conflict but the last."""
    meta = item["metadata"]
    for attempt in range(ATTEMPTS):
        body = decide(item)
        seen = {**(body.get("metadata") or {}), "resourceVersion": item["metadata"]["resourceVersion"]}
        try:
            api.patch(kind, meta["name"], meta["namespace"], {**body, "metadata": seen})
            return
        except Conflict:
            if attempt + 1 == ATTEMPTS:
                raise
            item = api.get(kind, meta["name"], meta["namespace"])
