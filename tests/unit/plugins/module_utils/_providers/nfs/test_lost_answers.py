# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that has done what it was asked for, and whose answer is lost: the same is asked again, and done once."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.test_http_api import (
    HEALTHY,
    Said,
    Server,
    control,
    reason,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime

LOST = Said(0)


@pytest.mark.parametrize("site", ["east", "west"])
def test_p5_an_export_by_ssh_that_was_made_although_the_answer_was_lost_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: str
) -> None:
    pair = Pair(tmp_path, monkeypatch, enabled=False)
    asked = {"east": pair.east, "west": pair.west}[site]
    asked.lose_next_answer()
    pair.provider.enable(pair.group, "east", "west")
    assert asked.has_lost_its_answer()
    assert pair.roles() == ("primary", "secondary")
    pair.east.write(b"first")
    pair.push()
    assert pair.west.read() == b"first"


def test_p5_a_copy_by_ssh_that_was_made_although_the_answer_was_lost_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(tmp_path, monkeypatch)
    pair.east.write(b"first")
    pair.push()
    pair.west.lose_next_answer()
    pair.provider.clone(pair.group, "west", "rehearsal", ())
    assert pair.west.has_lost_its_answer()
    assert pair.provider.unclone(pair.group, "west", "rehearsal") is True
    assert pair.provider.unclone(pair.group, "west", "rehearsal") is False


def test_p5_an_export_by_the_api_is_put_again_after_a_lost_answer() -> None:
    server, time = Server(), SimulatedTime()
    try:
        asked = control(server, time, reason(404, "NotFound"), LOST, Said(body=HEALTHY))
        assert asked.create("secondary", "http://192.0.2.10", 60) is True
        of_export = "/v1/exports/payroll"
        assert server.requests == [f"GET {of_export}", f"PUT {of_export}", f"PUT {of_export}"]
    finally:
        server.end()
