# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's part in a run: it proves that its attempt holds the lock, renews it, and records its step (P5, P6)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from ..._cluster.api import Api
from ..._cluster.lease import DURATION, RENEW_EVERY, PlanLock
from ..._cluster.run_store import RunStore
from ..._errors import Conflict, DrError, Refused, Unreachable
from ..._model.group_status import GroupStatus, silent
from ..._model.plan import Plan
from ..._model.run import Run, StepRecord, is_run_to
from ..plan.groups import Groups
from ..plan.sites import DECLARED_TIMEOUT, LOST_TIMEOUT, PROBE_TIMEOUT, Reach, open_site, reach
from .check_store import CheckStore
from .progress import Progress

# over a hook's own timeout: Ansible needs time too before and after it
HOOK_SPARE = 60
SILENT = "declared lost, and silent when it was asked in this run"


class Session:
    """Opened by every module that works for a run. Use as a context manager.

    api: connection to the target. store: the run's record there, or a local file in check mode.
    """

    def __init__(self, plan: Plan, run_id: str, check_mode: bool = False) -> None:
        self.plan = plan
        self.check_mode = check_mode
        self.target = target_of(plan, run_id)
        self.source = plan.peer_of(self.target)
        self.api = open_site(plan, self.target)
        self.clock = self.api.clock
        self.store: RunStore | CheckStore = CheckStore() if check_mode else RunStore(self.api, plan.store_namespace)
        head = self.store.head(run_id)
        if head is None:
            raise Refused(
                "go on with the run",
                site=self.target,
                on=f"run {run_id}",
                seen="no record of it",
                next_step="start the playbook from its beginning",
            )
        self.run = Run.from_dict(head)
        self.progress = Progress(run_id, self.clock)
        self.groups = Groups(plan, self.outlasting, self.progress.emit, foretells=check_mode)
        if self.source_is_dead:
            self.groups.silence(self.source, SILENT)
        if self.run.declared_lost is not None:
            self.groups.pass_over(self.source, self.run.source_silent, SILENT)
        self._lock = PlanLock(self.api, plan.store_namespace, plan.name)
        self._lock_seconds = DURATION
        self._left_behind: list[int] = []
        self._extending = threading.Lock()
        self._ended = threading.Event()
        self._lost: DrError | None = None

    def __enter__(self) -> Session:
        if not self.check_mode:
            self._lock.renew(self.run.id, self.run.attempt)
            threading.Thread(target=self._renew, name="lock-renewal", daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()

    @property
    def source_is_dead(self) -> bool:
        """Declared lost, and silent when this attempt began or since then."""
        return self.run.declared_lost is not None and self.run.source_state == "unreachable"

    @property
    def source_storage_is_dead(self) -> bool:
        """As `source_is_dead`, of what replicates its volumes."""
        silent_there = {group.name for group in self.plan.groups} <= set(self.run.source_silent)
        return self.run.declared_lost is not None and silent_there

    def reach_source(self) -> Reach:
        """Ask the source's API server, with no more patience than it deserves."""
        if self.source_is_dead:
            return reach(self.plan, self.source, LOST_TIMEOUT, once=True)
        if self.run.declared_lost is None:
            return reach(self.plan, self.source, PROBE_TIMEOUT)
        there = reach(self.plan, self.source, DECLARED_TIMEOUT, once=True)
        if there.state == "unreachable":
            self._note_silence(source_state=there.state)
        return there

    def site_api(self, site: str) -> Api:
        """The connection to the target, or to the source if it answers."""
        if site == self.target:
            return self.api
        there = self.reach_source()
        if there.api is None:
            raise Unreachable(
                "go on with the run", site=site, seen=there.message, next_step=f"bring {site} back, then start again"
            )
        return there.api

    def observe_groups(self) -> tuple[list[GroupStatus], list[GroupStatus]]:
        """The groups at the target and at the source; a source that is dead for this run is not asked again."""
        if not (self.source_is_dead or self.source_storage_is_dead):
            found = self.groups.observe((self.target, self.source), proofs=False)
            self.note_silent_groups(found[self.source])
            return found[self.target], found[self.source]
        there = [silent(group.name, self.source, SILENT) for group in self.plan.groups]
        return self.groups.observe([self.target], proofs=False)[self.target], there

    def note_silent_groups(self, there: Iterable[GroupStatus]) -> None:
        """Those that give no answer at a source that was declared lost: no later step waits for them again."""
        new = {status.group for status in there if not status.reachable} - {*self.run.source_silent}
        if self.run.declared_lost is not None and new:
            self.groups.pass_over(self.source, new, SILENT)
            self._note_silence(source_silent=[*self.run.source_silent, *sorted(new)])

    def _note_silence(self, **changes: Any) -> None:
        """For the modules after this one. A run that has ended is not written to: its lock may be free already."""
        if self.run.state == "running":
            self.update(**changes)

    def verify_lock(self) -> None:
        """Raise when this attempt does not hold the lock any more; called before every batch of writes."""
        if self.check_mode:
            return
        if self._lost is not None:
            raise self._lost
        self._lock.verify(self.run.id, self.run.attempt)

    def extend_lock(self, seconds: int) -> None:
        """For what runs between this module and the next: tasks of the user."""
        if not self.check_mode:
            self._lock_seconds = max(seconds, DURATION)
            self._lock.renew(self.run.id, self.run.attempt, self._lock_seconds)

    @contextmanager
    def outlasting(self, seconds: int) -> Iterator[None]:
        """Keep the lock over what goes on for so long if this process is killed: task files that a provider runs."""
        self._keep(self._left_behind.append, seconds)
        try:
            yield
        finally:
            # a lock that is not ours any more is found before the next batch of writes
            with suppress(DrError):
                self._keep(self._left_behind.remove, seconds)

    def _keep(self, change: Callable[[int], None], seconds: int) -> None:
        with self._extending:
            change(seconds)
            while True:
                try:
                    return self.extend_lock(max(self._left_behind, default=0))
                except Conflict:
                    # the renewal came between
                    continue

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Record a step's start, end and summary; the summary is the dict that the block fills."""
        summary: dict[str, Any] = {}
        started = self._now()
        self._record(name, StepRecord("running", self.run.attempt, started))
        try:
            yield summary
        except DrError as error:
            record = StepRecord("failed", self.run.attempt, started, self._now(), {"error": str(error)[:2000]})
            self._record(name, record)
            raise
        self._record(name, StepRecord(summary.pop("state", "done"), self.run.attempt, started, self._now(), summary))

    def update(self, **changes: Any) -> None:
        """Write changed fields of the run's head."""
        self.run = replace(self.run, **changes)
        self.store.put_head(self.run.id, self.plan.name, self.run.as_dict())

    def put(self, topic: str, document: Any) -> None:
        self.store.put(self.run.id, self.plan.name, topic, document)

    def load(self, topic: str) -> Any:
        return self.store.load(self.run.id, topic)

    def _record(self, name: str, record: StepRecord) -> None:
        earlier = self.run.steps.get(name)
        if earlier and earlier.attempt == record.attempt:
            # a step in rounds, or of several modules: it began with the first
            record = replace(record, started=earlier.started, summary={**earlier.summary, **record.summary})
        self.run = self.run.with_step(name, record)
        self.store.put_head(self.run.id, self.plan.name, self.run.as_dict())

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_EVERY):
            try:
                self._lock.renew(self.run.id, self.run.attempt, self._lock_seconds)
            except Refused as error:
                self._lost = error
                return
            except DrError:
                # the next batch of writes looks for itself; until then the lease may still be ours
                continue

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="milliseconds")


def target_of(plan: Plan, run_id: str) -> str:
    """The target that a run id names; the longest site name wins where one ends in another."""
    named = [name for name in plan.sites if is_run_to(run_id, name)]
    if not named:
        raise Refused(
            "go on with the run",
            on=f"run {run_id}",
            seen="it names none of the plan's sites",
            wanted=" or ".join(plan.sites),
            next_step="pass the run id that ocpvirt.dr.run returned",
        )
    return max(named, key=len)
