# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task files run in an ansible-playbook of their own, through the role `replication`.

Requests and secrets go to it in files that only the user can read, its answers come back in files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..._cluster.clock import Clock, Deadline
from ..._model.names import STARTED_IN
from ..._model.plan_secrets import HIDDEN, is_secret_key
from .process_tree import end_tree

# what Ansible itself needs before and after the tasks
SPARE = 60.0
# and before them, where nobody can wait
START = 4.0
POLL = 0.2
LONGEST_REASON = 500
# A module that is killed must not leave tasks behind that begin others: what is under way may still end.
BOOT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.executable, [sys.executable, "-m", "ansible", "playbook", *sys.argv[2:]])
"""
# A job's callbacks would take the tasks for the job's own. None can be enabled; one for the terminal alone is as good.
QUIET = {
    "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
    "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.minimal",
    "ANSIBLE_CALLBACK_PLUGINS": "",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_RETRY_FILES_ENABLED": "0",
}


@dataclass(frozen=True)
class Request:
    """One verb of one group. here, there: the options of its site and of the other one, secrets revealed.

    hurried: asked of a site that may be dead. In a play of such requests the first without an answer is the last.
    """

    verb: str
    group: str
    site: str
    peer: str
    file: str
    seconds: float
    forced: bool = False
    here: Mapping[str, Any] = field(default_factory=dict, repr=False)
    there: Mapping[str, Any] = field(default_factory=dict, repr=False)
    hurried: bool = False

    def hurried_by(self, seconds: float) -> Request:
        return replace(self, seconds=min(self.seconds, seconds), hurried=True)

    def variables(self) -> dict[str, Any]:
        return {
            "verb": self.verb,
            "group": self.group,
            "site": self.site,
            "peer": self.peer,
            "file": self.file,
            # none would be without end
            "timeout": max(1, int(self.seconds)),
            "forced": self.forced,
            "here": dict(self.here),
            "there": dict(self.there),
        }


@dataclass(frozen=True)
class Outcome:
    """answer: what the tasks set, when all of them passed. failed: why they did not. silent: they gave no answer."""

    answer: Any = None
    failed: str = ""
    silent: bool = False


def play(requests: Sequence[Request], vars_files: Sequence[str]) -> list[Outcome]:
    """Run the requests one after the other; an outcome for each."""
    secrets = sorted({word for request in requests for word in _secrets([request.here, request.there])}, key=len)
    with tempfile.TemporaryDirectory(prefix="ocpvirt-dr-") as name:
        folder = Path(name)
        answers = folder / "answers"
        answers.mkdir()
        _write(folder / "play.yml", json.dumps([_play(vars_files)]))
        variables = {
            "replication_requests": [request.variables() for request in requests],
            "replication_answers": str(answers),
        }
        _write(folder / "variables.yml", _literal(variables))
        words = _run(folder, requests)
        return [_outcome(answers / f"{number}.json", words, secrets) for number in range(len(requests))]


def _play(vars_files: Sequence[str]) -> dict[str, Any]:
    return {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "vars_files": list(vars_files),
        "roles": ["ocpvirt.dr.replication"],
    }


def _run(folder: Path, requests: Sequence[Request]) -> str:
    """Why there may be no answer."""
    hurried = any(request.hurried for request in requests)
    of_each = [request.seconds for request in requests]
    seconds = max(of_each) + START if hurried else sum(of_each) + SPARE
    words = [sys.executable, "-c", BOOT, str(os.getpid())]
    words += ["-i", "localhost,", "-e", f"@{folder / 'variables.yml'}", str(folder / "play.yml")]
    output = folder / "output"
    with output.open("wb") as writer:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.STDOUT,
            # where the command was started its ansible.cfg is found again
            cwd=os.environ.get(STARTED_IN) or None,
            env={**os.environ, **QUIET},
            start_new_session=True,
        )
        try:
            code = wait_for_next(child, seconds, partial(_answered, folder)) if hurried else child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            end_tree(child)
            return f"no answer within {seconds:.0f} s"
        except BaseException:
            end_tree(child)
            raise
    said = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"ansible-playbook ended with {code}: {' '.join(' '.join(said[-6:]).split())}"


def wait_for_next(
    child: subprocess.Popen[bytes], seconds: float, answered: Callable[[], int], clock: Clock | None = None
) -> int:
    """Its exit code, as long as an answer comes within the seconds after the last one."""
    clock = clock or Clock()
    known, deadline = 0, Deadline(clock, seconds)
    while True:
        try:
            return child.wait(timeout=POLL)
        except subprocess.TimeoutExpired:
            if (number := answered()) > known:
                known, deadline = number, Deadline(clock, seconds)
            if deadline.over:
                raise


def _answered(folder: Path) -> int:
    """How many requests have an answer, and not only why there is none."""
    outcomes = (_outcome(file, "", ()) for file in (folder / "answers").glob("*.json"))
    return sum(not outcome.failed for outcome in outcomes)


def _outcome(file: Path, words: str, secrets: Sequence[str]) -> Outcome:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return Outcome(failed=_hidden(words, secrets)[:LONGEST_REASON], silent=True)
    try:
        found = json.loads(text)
        found = _hidden_within(found, secrets)
    except ValueError as error:
        return Outcome(failed=f"its answer is no JSON: {error}")
    return Outcome(found["answer"], str(found["failed"])[:LONGEST_REASON], bool(found["silent"]))


def _secrets(value: Any) -> list[str]:
    """A plan has none under such a key: what is there was revealed."""
    if isinstance(value, Mapping):
        own = [str(item) for key, item in value.items() if is_secret_key(str(key)) and isinstance(item, str) and item]
        return own + [word for item in value.values() for word in _secrets(item)]
    return [word for item in value for word in _secrets(item)] if isinstance(value, (list, tuple)) else []


def _hidden(text: str, secrets: Sequence[str]) -> str:
    for secret in reversed(secrets):
        text = text.replace(secret, HIDDEN)
    return text


def _hidden_within(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        return _hidden(value, secrets)
    if isinstance(value, dict):
        return {key: _hidden_within(item, secrets) for key, item in value.items()}
    return [_hidden_within(item, secrets) for item in value] if isinstance(value, list) else value


def _literal(value: Any) -> str:
    """As YAML whose texts are no templates, whatever stands in them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return f"!unsafe {json.dumps(value)}" if isinstance(value, str) else json.dumps(value)


def _write(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
