# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a stop says that it waited."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.stop.shutdown_world import Stop


def test_p10_a_forced_stop_says_how_long_it_waited_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Stop(monkeypatch)
    stop.east.stubborn.add("app")
    stop.east.hung.add("app")
    with pytest.raises(Timeout) as caught:
        stop.run(force=True)
    # thirty seconds of patience, and sixty after the power was taken
    assert caught.value.waited is not None
    assert caught.value.waited >= 90
