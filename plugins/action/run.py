# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every module of the collection from where the collection lies, when that is where the playbook runs.

Ansible would parse and pack 400 files for each module of a playbook and compile them anew in each process, which takes
longer than most steps of a run. `meta/runtime.yml` names this for all modules; on another host, by another Python or
user they are shipped as any module is.
"""

from __future__ import annotations

import json
import multiprocessing
import shlex
import sys
from collections.abc import Mapping
from typing import Any

import ansible_collections
from ansible import constants
from ansible.module_utils.common import json as ansible_json
from ansible.plugins.action.normal import ActionModule as Normal

from ..module_utils._operations.run.parent import PLAYBOOK, end_without, named

# without the folder where it was started, and with all folders in which Ansible finds collections; what is imported
# stays, and to look hundreds of times for garbage in it takes an eighth of a module's start
START = """
import gc, runpy, sys, types
gc.set_threshold(50_000, 20, 20)
module, *folders = sys.argv[1:]
sys.path[:] = filter(None, sys.path)
sys.modules["ansible_collections"] = types.ModuleType("ansible_collections")
sys.modules["ansible_collections"].__path__ = folders
sys.argv = [module]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
# ansible-core 2.19 and newer name how a module's arguments and its result are written
PROFILES = ("legacy",) if hasattr(ansible_json, "get_module_encoder") else ()


class ActionModule(Normal):
    """Of any module of the collection, whatever the name of this file says."""

    def _execute_module(self, *given: Any, **named: Any) -> dict[str, Any]:
        task_vars = named.get("task_vars") or {}
        if given or not self._is_here(task_vars):
            return super()._execute_module(*given, **named)
        arguments = self._task.args
        self._update_module_args(self._task.action, arguments, task_vars)
        collection, name = self._task.resolved_action.rsplit(".", 1)
        module = f"ansible_collections.{collection}.plugins.modules.{name}"
        words = [sys.executable, "-c", START, module, *ansible_collections.__path__]
        command = f"{self._compute_environment_string()} {shlex.join(words)}".strip()
        done = self._low_level_execute_command(command, in_data=_written({"ANSIBLE_MODULE_ARGS": arguments}))
        result = self._parse_returned_data(done, *PROFILES)
        return {
            key: value for key, value in result.items() if key == "_ansible_parsed" or not key.startswith("_ansible")
        }

    def _compute_environment_string(self, raw_environment_out: dict[str, Any] | None = None) -> str:
        """The module is told whose it is, where it can see that: on this host, as this user, while the task lasts."""
        given: str = super()._compute_environment_string(raw_environment_out)
        playbook = multiprocessing.parent_process()
        elsewhere = self._task.async_val or self._connection.become or self._connection.transport != "local"
        if elsewhere or playbook is None or playbook.pid is None:
            return given
        name = named(playbook.pid)
        # after that look: if it lives, it is the one that was named. A task with retries would begin again and again
        end_without(playbook.pid)
        return f"{self._connection._shell.env_prefix(**{PLAYBOOK: name})} {given}".strip()

    def _is_here(self, task_vars: Mapping[str, Any]) -> bool:
        """Whether the module is to run as this process does."""
        asked = self._task
        python = self._templar.template(task_vars.get("ansible_python_interpreter", ""))
        plain = not (
            asked.async_val or asked.delegate_to or self._connection.become or constants.DEFAULT_KEEP_REMOTE_FILES
        )
        return plain and self._connection.transport == "local" and python == sys.executable


def _written(arguments: Mapping[str, Any]) -> bytes:
    """As Ansible itself passes them on: with its own types, and with what its vault holds."""
    if PROFILES:
        encoder = ansible_json.get_module_encoder(*PROFILES, ansible_json.Direction.CONTROLLER_TO_MODULE)
        return json.dumps(arguments, cls=encoder).encode()
    return json.dumps(arguments, cls=ansible_json.AnsibleJSONEncoder, vault_to_text=True).encode()
