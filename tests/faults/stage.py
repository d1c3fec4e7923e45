# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan on the lab, moved to and fro under faults; what every move must have kept is judged after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, NoReturn

from ansible_collections.ocpvirt.dr.tests.faults.attempt import Attempt
from ansible_collections.ocpvirt.dr.tests.faults.final_state import State, final_state, loose_ends, other_than
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place, spans
from ansible_collections.ocpvirt.dr.tests.faults.losses import lost_records
from ansible_collections.ocpvirt.dr.tests.faults.move import (
    BY_LOSS,
    FAILBACK_AFTER_LOSS,
    FAILOVER,
    HOME,
    OF_LOSS,
    ONWARD,
    Move,
)
from ansible_collections.ocpvirt.dr.tests.faults.settings import FULL
from ansible_collections.ocpvirt.dr.tests.faults.tally import Tally
from ansible_collections.ocpvirt.dr.tests.faults.witness import Witness
from ansible_collections.ocpvirt.dr.tests.integration.moves import specs_at
from ansible_collections.ocpvirt.dr.tests.integration.world import STORE, World
from demo.cluster import Object, wait_until
from demo.observation import await_writing
from demo.workload import NAMESPACE, not_ready

# controllers and the storage have their own pace
SETTLED_WITHIN = 30


@dataclass
class Undisturbed:
    """How a move goes without a fault: how long its steps take, and what stands at both sites afterwards."""

    took: dict[Place, float]
    state: State


@dataclass
class Stage:
    """at: the site where the plan runs. undisturbed: by name of a move.

    under_way: the move that was not yet done; with all attempts, of which none lives after a test that passed.
    broken: why nothing more can be done with the plan.
    """

    world: World
    witness: Witness
    tally: Tally
    undisturbed: dict[str, Undisturbed] = field(default_factory=dict)
    specs: dict[str, Any] = field(default_factory=dict)
    at: str = "east"
    under_way: Move | None = None
    attempts: list[Attempt] = field(default_factory=list)
    broken: str = ""

    @property
    def standing(self) -> list[str]:
        """Sites that are not lost."""
        lost = {outage.site for outage in self.witness.outages if outage.back == inf}
        return [site for site in self.world.sites if site not in lost]

    def before(self, operation: str) -> Move:
        """Its next move, with all that must be before it; in the full suite it was made without a fault before.

        Other moves are made only where the plan does not run where this one begins.
        """
        if operation not in OF_LOSS:
            return self.onward()
        move = OF_LOSS[operation]
        if self._is_whole():
            self.come_home()
        while move.name not in self.undisturbed or self.at != move.source:
            self._go_by_loss()
        self.prepare(move)
        return move

    def onward(self) -> Move:
        """The relocate from where the plan runs."""
        self._reunite()
        while FULL and ONWARD[self.at].name not in self.undisturbed:
            self.go(ONWARD[self.at])
        return ONWARD[self.at]

    def come_home(self) -> None:
        """To where the plan lived first; what is there was not made by any run."""
        self._reunite()
        if self.at != HOME.target:
            self.go(HOME)

    def depart(self, move: Move) -> float:
        """Before the first attempt of a move: from which moment on it is judged."""
        self.under_way = move
        self.witness.forget_written()
        return time.time()

    def prepare(self, move: Move) -> None:
        """What must be before a failover, and before the failback after it."""
        assert self.at == move.source, f"{move.name} begins at {move.source}, and the plan runs at {self.at}"
        if move is FAILOVER:
            self.clear(move.target)
            self.lose(move.source)
        if move is FAILBACK_AFTER_LOSS:
            self.restore(move.target)

    def begin(self, move: Move, *more: str, environment: Mapping[str, str] | None = None) -> Attempt:
        options = [*move.options(self.world.plan_file), *more]
        self.attempts.append(Attempt(move.playbook, self.world.log, *options, environment=environment))
        return self.attempts[-1]

    def struck(
        self,
        move: Move,
        step: str | Place,
        fault: str,
        strike: Callable[[], object],
        *more: str,
        attempt: Attempt | None = None,
        tries: int = 1,
    ) -> Attempt:
        """An attempt that meets a fault where a step begins. step: of the move itself, or any place of its playbook.

        more: options of the command. attempt: one that is under way, unless it has ended. tries: attempts that may meet
        what an earlier fault left.
        """
        place = move.place(step) if isinstance(step, str) else step
        if attempt is None or not attempt.reaches(place):
            attempt = self.begin(move, *more)
        for left in reversed(range(tries)):
            if attempt.reaches(place):
                break
            assert left, attempt.output[-6000:]
            attempt = self.begin(move, *more)
        print(f"{time.strftime('%H:%M:%S')} {move.name}: {fault} at {place}", flush=True)
        strike()
        self.tally.struck(fault, move.playbook)
        return attempt

    def go(self, move: Move) -> Undisturbed:
        """Without a fault; the first of its kind is what disturbed ones are held against."""
        began = self.depart(move)
        attempt = self.begin(move)
        assert attempt.wait() == 0, attempt.output[-6000:]
        took = spans(attempt.begun, time.time())
        steps = ", ".join(f"{place.step} {seconds:.1f}" for place, seconds in took.items())
        print(f"{time.strftime('%H:%M:%S')} {move.name}, undisturbed, seconds: {steps}", flush=True)
        self._accept(move, began)
        return self.undisturbed.setdefault(move.name, Undisturbed(took, final_state(self.world, self.standing)))

    def finish(self, move: Move, began: float, tries: int = 1, environment: Mapping[str, str] | None = None) -> None:
        """The same command until it is done; then everything is judged."""
        for left in reversed(range(tries)):
            attempt = self.begin(move, environment=environment)
            if attempt.wait() == 0:
                break
            if not left:
                self.violated(f"P5: {move.name} does not end:\n{attempt.output[-6000:]}")
        self._accept(move, began)

    def gone_back(self, move: Move, began: float, before: State) -> None:
        """A move that rolled back: judged as one that ended at its source. before: how both sites stood then."""
        back = replace(move, name=f"{move.name}, rolled back", target=move.source)
        self.undisturbed[back.name] = Undisturbed({}, before)
        self._accept(back, began)

    def _accept(self, move: Move, began: float) -> None:
        self.under_way, self.at = None, move.target
        problems = self.judge(move, began)
        problems += [f"P5: after {move.name} {text}" for text in self._left_behind(move)]
        self.tally.promises += problems
        assert not problems, "\n".join(problems)

    def judge(self, move: Move, began: float) -> list[str]:
        """After a move that ended: what it lost, who lived twice, what runs. The figures go to the tally."""
        # before the disks are read: where a move went back, its source's guests go on writing
        written = self.witness.written[move.source]
        after = await_writing(self.world.lab, self.world.running, move.target)
        problems = []
        if move.planned:
            lost = lost_records(written, after, move.source, self.world.running)
            self.tally.lost += sum(lost.values())
            problems += [f"P3: {claim} lost {count} records" for claim, count in lost.items()]
        problems += self.judge_writers()
        problems += [f"P5: {text}" for text in self.witness.made_again(move.target, began)]
        cluster = self.world.cluster(move.target)
        wait_until("running VMs", 60, lambda: not_ready(cluster, self.world.running))
        specs = specs_at(cluster)
        problems += [f"P7: {vm} is not as it was" for vm in self.specs if specs.get(vm) != self.specs[vm]]
        self.tally.runs += 1
        return problems

    def judge_writers(self) -> list[str]:
        new = [text for text in self.witness.double_starts() if text not in self.tally.doubles]
        self.tally.doubles += new
        return [f"P1: {text}" for text in new]

    def lose(self, site: str) -> None:
        self.world.storage.await_replicated(self.world.sites)
        self.world.lab.run("lose", site)
        self.witness.lost(site)

    def restore(self, site: str) -> None:
        since = time.time()
        self.world.lab.run("restore", site)
        self.witness.back(site, since)
        cluster = self.world.cluster(site)
        wait_until(f"{site}'s VMs running again", 240, lambda: not_ready(cluster, self.world.running))
        self.witness.asked()

    def clear(self, site: str) -> None:
        """Nothing of the plan is left there but its data and its records, as before it was ever moved."""
        cluster = self.world.cluster(site)
        if NAMESPACE not in _names(cluster.list("Namespace")):
            return
        cluster.delete("Namespace", NAMESPACE)
        wait_until("the namespace to go", 90, lambda: sorted({NAMESPACE} & _names(cluster.list("Namespace"))))
        volumes = _names(cluster.list("PersistentVolume"))
        for name in volumes:
            cluster.delete("PersistentVolume", name)
        wait_until("the volumes to go", 30, lambda: sorted(_names(cluster.list("PersistentVolume"))))

    def _is_whole(self) -> bool:
        return len(self.standing) == len(self.world.sites)

    def _reunite(self) -> None:
        """After a failover: nothing else can follow it."""
        if not self._is_whole():
            self._go_by_loss()

    def _go_by_loss(self) -> None:
        move = BY_LOSS[self.at]
        self.prepare(move)
        self.go(move)

    def free_locks(self) -> None:
        """Of an attempt whose processes are all gone: to wait each time until its lock expires would take a minute.

        Those that are waited out prove that the same command takes over without our help.
        """
        for site in self.standing:
            cluster = self.world.cluster(site)
            for lease in self._leases(site):
                cluster.patch("Lease", lease["metadata"]["name"], STORE, {"spec": {"holderIdentity": ""}})

    def lock_holders(self, site: str) -> list[str]:
        """run#attempt; more than one only where the lab has several plans."""
        return [lease["spec"]["holderIdentity"] for lease in self._leases(site) if lease["spec"].get("holderIdentity")]

    def _leases(self, site: str) -> list[Object]:
        cluster = self.world.cluster(site)
        return cluster.list("Lease", STORE) if STORE in _names(cluster.list("Namespace")) else []

    def orphans_ended(self, wait: Callable[[], float]) -> None:
        """Of a killed playbook. wait: for their end; seconds that it took."""
        try:
            self.tally.slowest_orphan = max(self.tally.slowest_orphan, wait())
        except TimeoutError as error:
            self.violated(f"P5: {error}")

    def _left_behind(self, move: Move) -> list[str]:
        """Loose ends, and what is not as after an undisturbed move."""
        known = self.undisturbed.get(move.name)
        found: list[str] = []

        def look() -> list[str]:
            seen = final_state(self.world, self.standing)
            found[:] = loose_ends(seen, move.target, self.world.running)
            found.extend(other_than(known.state, seen) if known else [])
            return found

        with suppress(TimeoutError):
            wait_until("the state of an undisturbed run", SETTLED_WITHIN, look)
        return found

    def violated(self, text: str) -> NoReturn:
        self.tally.promises.append(text.splitlines()[0])
        raise AssertionError(text)


def _names(items: list[dict[str, Any]]) -> set[str]:
    return {item["metadata"]["name"] for item in items}
