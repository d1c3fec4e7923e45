# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run asks a provider before it stops VMs, of the group of a double's world: from east to west."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[[Any], None]


def move(made: Any) -> None:
    made.provider.check_movable([made.group], "east", "west")


def fail_over(made: Any) -> None:
    made.provider.check_forceable([made.group], "west")


BOTH = pytest.mark.parametrize("ask", [move, fail_over])
