# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations of a group's options: what no wait could end within is refused before one begins."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.group_options import seconds_of


def seconds(value: Any) -> float:
    found = {"timeout": value}
    return seconds_of(Group("payroll", LabelSelector(), options=found), "east", found, "timeout", 600.0)


@pytest.mark.parametrize(("value", "wanted"), [("90s", 90), ("10m", 600), (45, 45)])
def test_a_duration_is_a_text_or_a_number_of_seconds(value: Any, wanted: float) -> None:
    assert seconds(value) == wanted


@pytest.mark.parametrize("value", ["0s", 0, "soon", -1, None, True, ["10m"], 1.5])
def test_p10_what_no_wait_could_end_within_is_named_with_its_option(value: Any) -> None:
    with pytest.raises(Refused, match=r"timeout: .*correct replication\.groups\[\]\.options"):
        seconds(value)
