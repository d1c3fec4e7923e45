# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a site's API server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from ocpvirt_lab import kube
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.kube import Kube


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube, "POLL", 0.0)


def answering(*statuses: int) -> Callable[[], set[str]]:
    left = list(statuses)

    def missing() -> set[str]:
        answer = requests.Response()
        answer.status_code = left.pop(0) if left else 200
        answer.raise_for_status()
        return set()

    return missing


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_api_server_that_is_still_starting_is_waited_for(status: int) -> None:
    Kube("https://127.0.0.1:1", Path("ca"), "token").wait(answering(status, status), "nodes", 60)


def test_a_wait_for_a_server_that_goes_on_so_names_what_it_answers() -> None:
    with pytest.raises(LabError, match="not yet: an answer \\(HTTP 429\\)"):
        Kube("https://127.0.0.1:1", Path("ca"), "token").wait(answering(429, 429), "nodes", -1)


def test_what_the_server_refuses_ends_the_wait() -> None:
    with pytest.raises(requests.HTTPError):
        Kube("https://127.0.0.1:1", Path("ca"), "token").wait(answering(401), "nodes", 60)
