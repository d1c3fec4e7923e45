# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a VM or workload bears the record of what it was before a run stopped it (P7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .names import RECORDED


def is_recorded(manifest: Mapping[str, Any]) -> bool:
    return RECORDED in (manifest["metadata"].get("annotations") or {})
