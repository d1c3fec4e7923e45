"""The lab that LAB_NAME names with the plan on it, and the figures of all that was done to it."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.mending import mend
from ansible_collections.ocpvirt.dr.tests.faults.settings import FULL, TALLY
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage
from ansible_collections.ocpvirt.dr.tests.faults.tally import Tally
from ansible_collections.ocpvirt.dr.tests.faults.witness import Witness
from ansible_collections.ocpvirt.dr.tests.integration.moves import specs_at
from ansible_collections.ocpvirt.dr.tests.integration.world import empty_world, must
from demo.lab import Lab
from demo.workload import Tier

# few, as each is a guest that writes; of each kind that behaves differently one, in an order that takes three waves
VMS = (Tier("db", 1, 1, (("Manual", 1),)), Tier("app", 1, 2, (("RerunOnFailure", 1),)), Tier("web", 2, 3))
FIGURES = pytest.StashKey[Tally]()
# the name of the test that failed last, until what it left is mended
FAILED = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Tally()
    config.stash[FAILED] = ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What only the full suite does is not even collected: in CI a skipped test is a failed one."""
    left_out = [item for item in items if not FULL and item.get_closest_marker("full")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.config.stash[FAILED] = item.name
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[FIGURES]
    stats = terminalreporter.stats
    tally.failed = [report.nodeid for report in (*stats.get("failed", ()), *stats.get("error", ()))]
    if tally.injected:
        terminalreporter.write_sep("-", "faults")
        for line in tally.lines():
            terminalreporter.write_line(line)
        tally.write(TALLY)


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session")
def stage(tally: Tally, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The workload at its home, protected."""
    world = empty_world(Lab(os.environ["LAB_NAME"]), tmp_path_factory.mktemp("faults"))
    # a start that is not in time, or that is throttled, would be another test
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.document["startup"]["max_starting"] = 10
    world.write_plan("payroll", world.document)
    world.deploy(tiers=VMS)
    must(world.protect())
    world.storage.await_replicated(world.sites)
    with Witness(world) as witness:
        yield Stage(world, witness, tally, specs=specs_at(world.cluster("east")))


@pytest.fixture(autouse=True)
def mended(stage: Stage, pytestconfig: pytest.Config) -> None:
    """A test begins where a move ended, whatever the one before it left; else all fail for that one reason."""
    failed, pytestconfig.stash[FAILED] = pytestconfig.stash[FAILED], ""
    if failed and not stage.broken:
        mend(stage, failed)
    if stage.broken:
        pytest.fail(stage.broken, pytrace=False)
