# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller's double outlives what happens to the lab, and does not end unheard."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable

import pytest
import requests
from ansible_collections.ocpvirt.dr.tests.integration.control_loop import control_loop

SOON = 20


class Reconcile:
    """Raises what it was given, once; looked: when it has looked again."""

    def __init__(self, error: Exception) -> None:
        self._errors = [error]
        self.looked = threading.Event()

    def __call__(self) -> None:
        if self._errors:
            raise self._errors.pop()
        self.looked.set()


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("refused"),
        RuntimeError("PATCH: HTTP 409"),
        subprocess.CalledProcessError(1, ["lab", "status", "--json"]),
    ],
)
def test_a_look_that_the_lab_did_not_let_be_is_made_again(error: Exception) -> None:
    reconcile = Reconcile(error)
    with control_loop(reconcile):
        assert reconcile.looked.wait(SOON)


def test_a_loop_that_broke_is_told_at_its_end() -> None:
    """A double that had died in silence was only seen as a product that never converges."""
    broken = threading.Event()

    def reconcile() -> None:
        broken.set()
        raise KeyError("status")

    with pytest.raises(KeyError, match="status"), control_loop(reconcile):
        assert broken.wait(SOON)


def test_each_of_several_goes_on_when_another_was_refused() -> None:
    second = threading.Event()
    looks: list[Callable[[], None]] = [Reconcile(RuntimeError("busy")), second.set]
    with control_loop(*looks):
        assert second.wait(SOON)
