# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import guard as start_guard
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.guard import check_may_start
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession


@pytest.mark.parametrize("site", ["east", "west"])
def test_p1_a_refresh_starts_nothing_whatever_the_roles_are(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = MemorySession(MemoryApi())
    session.run = replace(session.run, operation="prestage")
    session.here = [GroupStatus("payroll", "west", "primary", "healthy", "none")]
    session.there = [GroupStatus("payroll", "east", "secondary", "healthy", "none")]
    monkeypatch.setattr(start_guard, "verify_volumes", lambda *_given: None)
    with pytest.raises(Refused, match="always closed"):
        check_may_start(session, site)  # type: ignore[arg-type]
