# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's lock for work that is no run: held at both sites, renewed, taken over from a killed attempt (P5, P6)."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ..._cluster.api import Api
from ..._cluster.lease import RENEW_EVERY, PlanLock
from ..._cluster.run_store import RunStore
from ..._errors import DrError, Refused
from ..._model.plan import Plan
from ..._model.run import gives_way


class PlanHold:
    """Use as a context manager. The holder's name is the same each time, so that the same command can go on."""

    def __init__(self, plan: Plan, operation: str, apis: Sequence[Api]) -> None:
        self._apis = apis
        self._store = plan.store_namespace
        self._name = holder_name(plan, operation)
        self._locks = [PlanLock(api, plan.store_namespace, plan.name) for api in apis]
        self._attempts: list[int] = []
        self._ended = threading.Event()
        self._lost: DrError | None = None

    def __enter__(self) -> PlanHold:
        try:
            for api, lock in zip(self._apis, self._locks, strict=True):
                RunStore(api, self._store).prepare()
                holder = lock.holder()
                attempt = holder.attempt + 1 if holder and holder.run_id == self._name else 1
                lock.take(self._name, attempt)
                self._attempts.append(attempt)
        except DrError as error:
            self.__exit__(type(error))
            raise
        threading.Thread(target=self._renew, name="lock-renewal", daemon=True).start()
        return self

    def __exit__(self, kind: object, *_error: object) -> None:
        self._ended.set()
        try:
            self._release()
        except DrError:
            # what went wrong before says more
            if kind is None:
                raise

    def verify(self) -> None:
        """Raise when the lock is not ours any more; called before every batch of writes."""
        if self._lost is not None:
            raise self._lost
        for lock, attempt in zip(self._locks, self._attempts, strict=True):
            lock.verify(self._name, attempt)

    def _release(self) -> None:
        for lock, attempt in zip(self._locks, self._attempts, strict=False):
            lock.release(self._name, attempt)

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_EVERY):
            for lock, attempt in zip(self._locks, self._attempts, strict=True):
                try:
                    lock.renew(self._name, attempt)
                except Refused as error:
                    self._lost = error
                    return
                except DrError:
                    # the next batch of writes looks for itself; until then the lease may still be ours
                    continue


def check_unheld(plan: Plan, operation: str, apis: Sequence[Api], tried: str) -> None:
    """For check mode: refuse while anything else that does not give way holds the plan's lock at one of the sites."""
    for api in apis:
        holder = PlanLock(api, plan.store_namespace, plan.name).holder()
        if holder and holder.run_id != holder_name(plan, operation) and not gives_way(holder.run_id):
            raise Refused(
                tried,
                site=api.site,
                seen=f"{holder.run_id} holds the plan's lock",
                wanted="no run on this plan",
                next_step="wait until it has ended; if it was killed, start its playbook again to finish it",
            )


def holder_name(plan: Plan, operation: str) -> str:
    """Under which the lock is held and progress is written."""
    return f"{plan.name}-{operation}"
