# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start whose site is gone for longer than any request is repeated, while a round of it ends."""

from __future__ import annotations

import time

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import PATIENCE
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.progress import progress_directory
from ansible_collections.ocpvirt.dr.tests.integration.fleet import Fleet, assert_all_ran_once
from ansible_collections.ocpvirt.dr.tests.integration.start_runs import StartRun
from demo.cluster import wait_until

# seconds, so that the outage begins in the first one, and this ends in the outage
ROUND = 60


def test_p5_a_round_that_ends_in_an_outage_waits_for_its_end_and_the_next_goes_on(fleet: Fleet) -> None:
    fleet.halt()
    # after such an outage the control plane needs more than a minute until it starts anything
    patient = fleet.plan("patient", readiness={"agent": True, "timeout": "5m"})
    run = StartRun(fleet, patient, round_timeout=ROUND)
    with fleet.watched() as watch:
        run.go()
        began = time.monotonic()
        fleet.await_ready(4)
        assert time.monotonic() - began < ROUND, "the first round was over before the outage"
        # one that outlives it takes all nodes for lost, and the lab's guests with disks do not get ready again
        fleet.world.lab.kill("east", "kube-controller-manager")
        fleet.world.lab.kill("east", "kube-apiserver")
        ended = began + ROUND + PATIENCE + 10
        wait_until("an outage beyond the round", 300, lambda: [] if time.monotonic() > ended else ["its end"])
        fleet.world.lab.run("up")
        result = run.result()
    assert (result["done"], result["failures"]) == (True, [])
    assert_all_ran_once(fleet, watch.history(agent=True))
    said = (progress_directory() / f"{run.run_id}.jsonl").read_text()
    assert "an answer of east" in said
