# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody wrote about a start on a VM or workload, and no start heeds. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._model.finding import Finding
from ..._model.names import START
from ..._model.start_facts import NEVER, notes


def ignored_values(objects: Mapping[str, Mapping[str, Any]], site: str) -> Iterator[Finding]:
    """objects: by what a finding says it is on. Somebody who wrote `no` will be surprised by a VM that starts."""
    for on, item in objects.items():
        value = notes(item["metadata"]).get(START, NEVER)
        if value.lower() != NEVER:
            message = f"{START} is {value!r}, which means nothing: it is started like others"
            yield Finding("warning", "StartIgnored", on, message, f'{START}: "{NEVER}", or remove it', site)
