# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process costs: of itself, not of who measures it."""

from __future__ import annotations

import os
import sys

from ansible_collections.ocpvirt.dr.tests.bench.process_cost import Cost, measured, one_after_the_other

MEGABYTE = 1 << 20
BURN = "import time\nwhile time.process_time() < 0.3: pass"


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_memory_of_whoever_measures_is_not_counted() -> None:
    held = b"x" * (200 * MEGABYTE)
    _status, _output, cost = measured(python("pass"), os.environ)
    assert cost.megabytes < 100 < len(held) / MEGABYTE


def test_memory_of_the_largest_process_is_counted() -> None:
    _status, _output, cost = measured(python(f"held = b'x' * {200 * MEGABYTE}"), os.environ)
    assert cost.megabytes > 200


def test_processor_time_of_what_it_starts_itself_is_counted() -> None:
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}], check=True)"
    _status, _output, cost = measured(python(inner), os.environ)
    assert cost.processor >= 0.3


def test_input_output_and_exit_status_are_those_of_the_process() -> None:
    program = "import sys; print(sys.stdin.read().upper(), end=''); sys.exit(3)"
    status, output, _cost = measured(python(program), os.environ, b"given")
    assert (status, output) == (3, b"GIVEN")


def test_of_processes_one_after_the_other_time_adds_up_and_the_largest_memory_counts() -> None:
    assert one_after_the_other([Cost(25.0, 2.0, 90.0), Cost(10.0, 1.0, 80.0)]) == Cost(35.0, 3.0, 90.0)
