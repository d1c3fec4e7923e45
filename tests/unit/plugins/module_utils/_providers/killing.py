# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that is killed after one of its writes: what it asked for goes on, and no code of ours runs any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any
from unittest.mock import patch

from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

WRITES = ("create", "patch", "delete")


class Killed(BaseException):
    """As kill -9."""


@contextmanager
def killed_after(apis: Iterable[MemoryApi], number: int) -> Iterator[None]:
    """number: of the last write that is done, from 0 on, over all sites."""
    writes = count()

    def deadly(write: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            mine = next(writes)
            if mine > number:
                raise Killed
            found = write(*arguments, **named)
            if mine == number:
                raise Killed
            return found

        return call

    with ExitStack() as stack:
        for api in apis:
            for name in WRITES:
                stack.enter_context(patch.object(api, name, deadly(getattr(api, name))))
        yield
