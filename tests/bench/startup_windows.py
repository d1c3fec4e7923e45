# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How wide a start's window was when: the pace narrows it, and says so in the progress of the run."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime

from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.progress import progress_directory


def windows(run_id: str, cap: int) -> list[tuple[float, int]]:
    """(time.monotonic() from which on, at most so many in flight)."""
    ahead = time.monotonic() - time.time()
    found = [(float("-inf"), cap)]
    for line in (progress_directory() / f"{run_id}.jsonl").read_text().splitlines():
        entry = json.loads(line)
        paced = re.search(r"pace (\d+) of", entry["waiting_for"])
        limit = int(paced[1]) if paced else cap
        if limit != found[-1][1]:
            found.append((datetime.fromisoformat(entry["time"]).timestamp() + ahead, limit))
    return found
