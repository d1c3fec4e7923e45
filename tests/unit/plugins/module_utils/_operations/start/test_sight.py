# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.sight import Sight
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime


def test_time_stands_still_while_a_watch_has_no_answer() -> None:
    time = SimulatedTime()
    sight, seeing, blind = Sight(time.clock()), SimpleNamespace(error=None), SimpleNamespace(error=None)
    sight.watches = [seeing, blind]  # type: ignore[list-item]
    began = sight.now()
    time.sleep(10)
    assert sight.now() - began == 10
    blind.error = Unreachable("watch")
    sight.now()
    time.sleep(600)
    assert sight.now() - began == 10
    blind.error = None
    time.sleep(5)
    # nobody knows when in between it was answered again
    assert sight.now() - began == 10
    time.sleep(5)
    assert sight.now() - began == 15
