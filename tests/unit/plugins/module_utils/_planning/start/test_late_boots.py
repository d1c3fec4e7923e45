# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs that get ready after they counted as failed: they do, and their wave goes on to its end."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.needs import Need
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartWave
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.window import StartWindow

WAVES = (StartWave("one", ("p/a", "p/b", "p/c")), StartWave("two", ("p/d",)))


def test_a_wave_waits_for_all_of_the_one_before_although_one_was_late() -> None:
    window = StartWindow(WAVES, limit=5, timeout=10.0, timeouts={"p/b": 60.0, "p/c": 60.0})
    assert window.next(0) == ["p/a", "p/b", "p/c"]
    window.next(10)
    assert list(window.failed) == ["p/a"]
    window.became_ready("p/a")
    window.became_ready("p/b")
    assert window.next(11) == []
    window.became_ready("p/c")
    assert (window.next(12), window.failed) == (["p/d"], {})


def test_what_waits_for_a_slow_one_is_started_although_others_were_late() -> None:
    needs = {"p/d": (Need("p/c", blocking=True),)}
    window = StartWindow(
        [StartWave("one", ("p/a", "p/b", "p/c", "p/d"))], limit=5, timeout=10.0, timeouts={"p/c": 60.0}, needs=needs
    )
    assert window.next(0) == ["p/a", "p/b", "p/c"]
    window.next(10)
    for key in ("p/a", "p/b"):
        window.became_ready(key)
    window.next(11)
    window.became_ready("p/c")
    assert window.next(12) == ["p/d"]
    assert not window.done
