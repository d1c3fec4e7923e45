# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the place of ansible-playbook: task files whose answers a test says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.tasks.play import Outcome, Request


class Player:
    """Answers per verb; the last one again and again."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.played: list[Request] = []

    def __call__(self, requests: Sequence[Request], _vars_files: Sequence[str]) -> list[Outcome]:
        return [self._play(request) for request in requests]

    def _play(self, request: Request) -> Outcome:
        self.played.append(request)
        listed = self.answers[request.verb]
        answer = listed.pop(0) if len(listed) > 1 else listed[0]
        return answer if isinstance(answer, Outcome) else Outcome(answer)

    @property
    def verbs(self) -> list[str]:
        return [request.verb for request in self.played]
