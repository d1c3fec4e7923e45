# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the plan, the boots and the failures are: no limit is passed, no order violated, and everything ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.caps import CappedQueue, Part
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.needs import Need
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartWave
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.retries import StartRetries
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.window import StartWindow
from hypothesis import given, settings
from hypothesis import strategies as st

TIMEOUT = 5
KINDS = ("storage class", "namespace", "group")


@dataclass
class World:
    """A start in a world where each VM boots as long as it does, or never (None): also beyond its time, when it has
    failed. refused: whose first request is; others: when somebody else starts a VM, before its turn or after it.
    """

    window: StartWindow
    boots: dict[str, int | None]
    parts: dict[str, tuple[Part, ...]]
    caps: dict[str, int]
    limits: list[int]
    refused: frozenset[str] = frozenset()
    others: dict[str, int] = field(default_factory=dict)
    now: int = 0
    began: dict[str, int] = field(default_factory=dict)
    asked: dict[str, list[int]] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        while not self.window.done:
            assert self.now < 20_000, "the start stands still"
            self._step()

    def _step(self) -> None:
        self.window.limit = self.limits[self.now % len(self.limits)]
        self._let_others_start()
        before, held = len(self.window.in_flight), self._held()
        asked = self.window.next(self.now)
        for key in asked:
            self._check_order(key)
            self.began.setdefault(key, self.now)
            self.asked.setdefault(key, []).append(self.now)
        assert len(self.window.in_flight) <= max(before, self.window.limit)
        assert all(many <= max(held[part], self.caps[part[0]]) for part, many in self._held().items())
        self.now += 1
        for key in asked:
            if key in self.refused and len(self.asked[key]) == 1:
                self.window.gave_up(key, "refused", again_from=self.now)
        for key, since in self.began.items():
            boot = self.boots[key]
            if boot is not None and self.now - since >= boot and key not in self.window.ready:
                self.window.became_ready(key)
        for key in [*self.window.ready, *self.window.failed, *self.window.never_begun]:
            self.ended.setdefault(key, self.now)

    def _let_others_start(self) -> None:
        for key, at in self.others.items():
            if at == self.now and key not in self.began:
                self.began[key] = self.now
                self.window.observe_starting([key], self.now)

    def _held(self) -> Counter[Part]:
        return Counter(part for key in self.window.in_flight for part in self.parts[key])

    def _check_order(self, key: str) -> None:
        for need in self.window.needs.get(key, ()):
            assert need.key in self.window.ready or (not need.blocking and self._is_over(need.key))
        number = next(number for number, wave in enumerate(self.window.waves) if key in wave.keys)
        assert all(self._is_over(earlier) for wave in self.window.waves[:number] for earlier in wave.keys)

    def _is_over(self, key: str) -> bool:
        return key in self.window.ready or key in self.window.failed or key in self.window.never_begun


@st.composite
def worlds(draw: st.DrawFn) -> World:
    names = [f"vm-{number:02}" for number in range(draw(st.integers(0, 20)))]
    cuts = sorted(draw(st.lists(st.integers(0, len(names)), max_size=4)))
    policies = st.sampled_from([None, "continue", "stop_wave", "stop"])
    waves = [
        StartWave(f"wave {low}-{high}", tuple(names[low:high]), draw(st.integers(0, 5)), None, draw(policies))
        for low, high in zip([0, *cuts], [*cuts, len(names)], strict=True)
    ]
    needs = {
        name: tuple(Need(names[other], draw(st.booleans())) for other in draw(st.sets(st.integers(0, number - 1))))
        for number, name in enumerate(names)
        if number and draw(st.integers(0, 3)) == 0
    }
    kinds = draw(st.sets(st.sampled_from(KINDS)))
    caps = {kind: draw(st.integers(1, 4)) for kind in sorted(kinds)}
    parts = {
        name: tuple((kind, f"{kind} {draw(st.integers(0, 2))}") for kind in caps if draw(st.booleans()))
        for name in names
    }
    limits = draw(st.lists(st.integers(0, 12), min_size=1, max_size=5).filter(any))
    window = StartWindow(
        waves,
        limit=max(limits),
        timeout=TIMEOUT,
        needs=needs,
        queue=CappedQueue(caps, parts),
        retries=StartRetries(draw(st.integers(0, 2)), draw(st.integers(1, 8)), draw(st.integers(0, 10))),
    )
    boot = st.one_of(st.none(), st.integers(1, 4 * TIMEOUT))
    refused = frozenset(name for name in names if draw(st.integers(0, 7)) == 0)
    others = {name: draw(st.integers(0, 4 * TIMEOUT)) for name in names if draw(st.integers(0, 7)) == 0}
    return World(window, {name: draw(boot) for name in names}, parts, caps, limits, refused, others)


@settings(max_examples=60)
@given(worlds())
def test_no_limit_is_passed_no_order_violated_and_everything_ends_once(world: World) -> None:
    world.run()
    window = world.window
    ends = [*window.ready, *window.failed, *window.never_begun]
    assert sorted(ends) == sorted(key for wave in window.waves for key in wave.keys)
    assert not set(window.never_begun) & set(world.asked)


@settings(max_examples=60)
@given(worlds())
def test_what_boots_in_time_and_needs_nothing_is_ready_where_nothing_is_stopped(world: World) -> None:
    window = world.window
    for wave in window.waves:
        object.__setattr__(wave, "on_failure", "continue")
    world.run()
    in_time = {key for key, boot in world.boots.items() if boot and boot <= TIMEOUT}
    assert in_time - set(window.needs) - world.refused <= window.ready


@settings(max_examples=60)
@given(worlds())
def test_nothing_is_asked_more_often_than_its_attempts(world: World) -> None:
    world.run()
    assert all(len(times) <= 1 + world.window.retries.attempts for times in world.asked.values())


@settings(max_examples=60)
@given(worlds(), st.data())
def test_p5_a_process_that_takes_over_ends_as_the_first_would_have_and_asks_nothing_in_flight_again(
    world: World, data: st.DataObject
) -> None:
    for _second in range(data.draw(st.integers(0, 20))):
        if not world.window.done:
            world._step()
    first = world.window
    flying, failed = dict(first.in_flight), dict(first.failed)
    world.window = again = taken_over(world)
    assert (again.in_flight, again.retries.resting.keys()) == (flying, first.retries.resting.keys())
    world.run()
    assert not first.ready - again.ready
    still = failed.keys() - again.ready
    assert {key: again.failed.get(key) for key in still} == {key: failed[key] for key in still}
    assert all(len(times) <= 1 + again.retries.attempts for times in world.asked.values())
    ends = [*again.ready, *again.failed, *again.never_begun]
    assert sorted(ends) == sorted(key for wave in again.waves for key in wave.keys)


def taken_over(world: World) -> StartWindow:
    """As another process gets it from the run's record and the cluster."""
    first = world.window
    again = StartWindow(
        first.waves,
        first.limit,
        TIMEOUT,
        needs=first.needs,
        queue=CappedQueue(world.caps, world.parts),
        retries=StartRetries(first.retries.attempts, first.retries.backoff, first.retries.budget + first.retries.count),
    )
    for key in first.ready:
        again.became_ready(key)
    again.opens.update(first.opens)
    again.resume_retries(first.retries.used, first.retries.resting)
    for key, since in first.in_flight.items():
        again.observe_starting([key], since)
    again.resume_failed(first.failed)
    return again
