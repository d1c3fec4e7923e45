# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wrong clock is wrong in every process that Python starts, and looks like a right one."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.test_operators import CLOCKS

TELL = "import datetime, time; now = datetime.datetime.now(datetime.timezone.utc); print(repr(now)); print(time.time())"


def told(wrong_by: int) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(CLOCKS), "WRONG_BY": str(wrong_by)}
    done = subprocess.run([sys.executable, "-c", TELL], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("wrong_by", [300, -300])
def test_both_ways_to_ask_for_the_time_are_wrong_by_as_much(wrong_by: int) -> None:
    moment, seconds = told(wrong_by)
    # as Ansible writes it into a module's program
    assert moment.startswith("datetime.datetime(")
    assert float(seconds) - time.time() == pytest.approx(wrong_by, abs=30)
