# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects at a site are there because a run of the plan made them: only these may be removed again (P8). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.names import ADOPTED, CREATED_BY, protected_label
from ..._model.run import is_run_to


def made_here(item: Mapping[str, Any], plan: str, site: str) -> bool:
    """The annotation of a run towards another site came with a capture, and says nothing of this object."""
    meta = item["metadata"]
    annotations = meta.get("annotations") or {}
    ours = (meta.get("labels") or {}).get(protected_label(plan)) == "true"
    return ours and ADOPTED not in annotations and is_run_to(annotations.get(CREATED_BY, ""), site)


def adopted_mark(seen: Mapping[str, Any], plan: str, site: str) -> dict[str, str]:
    """Annotations by which an object that was there before us is known, once our run's id is on it."""
    return {} if made_here(seen, plan, site) else {ADOPTED: "true"}
