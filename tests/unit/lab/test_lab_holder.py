from __future__ import annotations

import os
import signal
import threading

import pytest
from ocpvirt_lab.holder import Supervisor


@pytest.fixture
def supervisor():
    """Hears of the end of a process only a while later, as on a busy machine."""
    before = signal.getsignal(signal.SIGCHLD)
    made = Supervisor()
    signal.signal(signal.SIGCHLD, lambda *_: threading.Timer(0.2, made._reap).start())
    yield made
    signal.signal(signal.SIGCHLD, before)


def test_a_process_that_was_killed_with_its_site_is_started_anew(supervisor, tmp_path):
    request = {
        "do": "start",
        "key": "west/sleeper",
        "argv": ["sleep", "1000"],
        "site": None,
        "env": dict(os.environ),
        "log": str(tmp_path / "log"),
    }
    first = supervisor.handle(request, [])["pid"]
    seen = iter([[first]])
    # from then on it is in no site any more
    supervisor._kill(lambda: next(seen, []))
    again = supervisor.handle(request, [])
    assert again["started"]
    supervisor._kill(lambda: supervisor._groups(["west/sleeper"]) if supervisor._running("west/sleeper") else [])
