# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many independent calls with bounded concurrency."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .._errors import DrError

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS = 16
# one look at the lock for so many writes
BATCH = 200


@dataclass
class Outcome(Generic[Item, Result]):
    """What came of each item: done holds (item, result), failed (item, error). Order of the input."""

    done: list[tuple[Item, Result]] = field(default_factory=list)
    failed: list[tuple[Item, DrError]] = field(default_factory=list)


def for_each(
    items: Iterable[Item],
    call: Callable[[Item], Result],
    *,
    before_batch: Callable[[], None] = lambda: None,
    workers: int = WORKERS,
) -> Outcome[Item, Result]:
    """Call for every item; a DrError of one does not stop the others.

    before_batch runs before every batch of writes and may raise: no batch begins without the lock (P5).
    """
    outcome: Outcome[Item, Result] = Outcome()
    todo = list(items)

    def attempt(item: Item) -> Result | DrError:
        try:
            return call(item)
        except DrError as error:
            return error

    with ThreadPoolExecutor(max_workers=workers) as pool:
        for start in range(0, len(todo), BATCH):
            before_batch()
            batch = todo[start : start + BATCH]
            for item, result in zip(batch, pool.map(attempt, batch), strict=True):
                if isinstance(result, DrError):
                    outcome.failed.append((item, result))
                else:
                    outcome.done.append((item, result))
    return outcome


def together(*reads: Callable[[], Any]) -> list[Any]:
    """What reads answer that do not need each other, in their order. If several fail, the first of them is raised."""
    outcome = for_each(reads, lambda read: read())
    for _read, error in outcome.failed:
        raise error
    return [answer for _read, answer in outcome.done]
