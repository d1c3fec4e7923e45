# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_cron import check_cron


@pytest.mark.parametrize(
    "schedule",
    [
        "0 2 * * *",
        "*/15 * * * *",
        "0-30/5,45 0 1,15 JAN-MAR mon-fri",
        "5/10 ? ? * 0",
        "@daily",
        "@every 1h30m",
        "CRON_TZ=Europe/Berlin 0 2 * * 6",
        "TZ=UTC  @weekly",
    ],
)
def test_a_schedule_that_velero_takes_is_accepted_as_it_is(schedule: str) -> None:
    assert check_cron(schedule) == schedule


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("", "five fields .* got 0"),
        ("0 0 2 * * *", "got 6"),
        ("60 * * * *", "minute: '60' is not 0 to 59"),
        ("* 24 * * *", "hour: '24' is not 0 to 23"),
        ("* * 0 * *", "day of month: '0' is not 1 to 31"),
        ("* * * 13 *", "month: '13' is not 1 to 12 or jan to dec"),
        ("* * * * 7", "day of week: '7' is not 0 to 6 or sun to sat; Sunday is 0"),
        ("*/0 * * * *", "the step '0' is not a whole number of at least 1"),
        ("30-10 * * * *", "the range 30-10 ends before it begins"),
        ("1-2-3 * * * *", "minute: '2-3' is not"),
        (", * * * *", "minute: '' is not"),
        ("@reboot", "unknown schedule @reboot; wanted one of @yearly"),
        ("@every ", "unknown schedule"),
        ("@every 14d", "unknown schedule"),
    ],
)
def test_anything_else_is_refused_with_the_field_and_its_range(schedule: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_cron(schedule)
