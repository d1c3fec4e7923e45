# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call whose answer nobody has to wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Value = TypeVar("Value")


def beside(call: Callable[[], Value], name: str) -> Future[Value]:
    """Its answer, from a thread of this name. Unlike those of a pool, it does not keep a process that ends."""
    answer: Future[Value] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except Exception as error:  # noqa: BLE001 - the caller gets it
            answer.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return answer
