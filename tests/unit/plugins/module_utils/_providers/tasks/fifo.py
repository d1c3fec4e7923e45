# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another process says through a named pipe."""

from __future__ import annotations

import os
import select
from pathlib import Path

PATIENCE = 60.0


def told(fifo: Path) -> str:
    """All that its first writer says, who may never come."""
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with open(reader, encoding="utf-8") as text:
        assert select.select([reader], [], [], PATIENCE)[0]
        os.set_blocking(reader, True)
        return text.read()
