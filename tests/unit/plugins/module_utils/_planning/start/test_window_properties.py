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
    """A start in a world where each VM boots as long as it does, or never (None)."""

    window: StartWindow
    boots: dict[str, int | None]
    parts: dict[str, tuple[Part, ...]]
    caps: dict[str, int]
    limits: list[int]
    now: int = 0
    asked: dict[str, list[int]] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        while not self.window.done:
            assert self.now < 20_000, "the start stands still"
            self._step()

    def _step(self) -> None:
        self.window.limit = self.limits[self.now % len(self.limits)]
        before = len(self.window.in_flight)
        asked = self.window.next(self.now)
        for key in asked:
            self._check_order(key)
            self.asked.setdefault(key, []).append(self.now)
        assert len(self.window.in_flight) <= max(before, self.window.limit)
        count = Counter(part for key in self.window.in_flight for part in self.parts[key])
        assert all(many <= self.caps[kind] for (kind, _name), many in count.items())
        self.now += 1
        for key, since in list(self.window.in_flight.items()):
            boot = self.boots[key]
            if boot is not None and self.now - since >= boot:
                self.window.became_ready(key)
        for key in [*self.window.ready, *self.window.failed, *self.window.never_begun]:
            self.ended.setdefault(key, self.now)

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
    boot = st.one_of(st.none(), st.integers(1, 2 * TIMEOUT))
    return World(window, {name: draw(boot) for name in names}, parts, caps, limits)


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
    assert in_time - set(window.needs) <= window.ready


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
    flying = dict(first.in_flight)
    again = StartWindow(
        first.waves, first.limit, TIMEOUT, needs=first.needs, queue=CappedQueue(world.caps, world.parts)
    )
    for key in first.ready:
        again.became_ready(key)
    for key, since in flying.items():
        again.observe_starting([key], since)
    world.window = again
    asked = len(again.in_flight)
    world.run()
    assert asked == len(flying)
    assert not first.ready - again.ready
