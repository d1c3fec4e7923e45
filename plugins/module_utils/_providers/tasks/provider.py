# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's own task files, one for each verb."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._model.group_status import GroupStatus, SyncProof
from ..._model.plan import Group
from ..base import Capabilities, FenceProof
from .answer import Answers
from .dispatch import TaskFileProvider
from .options import task_file


class TasksProvider(TaskFileProvider):
    """`options` of a group: `files` (verb to path), `volumes` per site, `timeout`, `observe_timeout`, `vars_files`.

    All other options are the files' own.
    """

    name = "tasks"
    # what files may do; a verb without a file is refused with its name
    capabilities = Capabilities(final_sync=True, force=True, pause=True, reports_lag=True, groups=True, fencing=True)

    def file_for(self, group: Group, site: str, verb: str) -> str:
        return task_file(group, site, self.sites[site].plan, verb)

    def status_of(self, group: Group, site: str, answer: Any) -> GroupStatus:
        return self._answers(group, site, "observe").status(answer, self._clock.now())

    def changed_by(self, group: Group, site: str, verb: str, answer: Any) -> bool:
        return self._answers(group, site, verb).changed(answer)

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        return self.final_sync_all([group], source, target)[0]

    def final_sync_all(self, groups: Sequence[Group], source: str, target: str) -> list[SyncProof]:
        """P3: what a file compares while the source may still be written to proves nothing."""
        self.check_demoted(groups, source)

        def read(group: Group, answer: Any) -> SyncProof:
            return self._answers(group, source, "final_sync").proof(answer, self._clock.now())

        return self.run_all(groups, source, "final_sync", read)

    def pause(self, group: Group, site: str) -> bool:
        return self.change(group, site, "pause")

    def resume(self, group: Group, site: str) -> bool:
        return self.change(group, site, "resume")

    def fence(self, group: Group, survivor: str, lost: str) -> FenceProof:
        def read(asked: Group, answer: Any) -> FenceProof:
            return FenceProof(asked.name, self._answers(asked, survivor, "fence").evidence(answer))

        return self.run_all([group], survivor, "fence", read)[0]

    def unfence(self, group: Group, survivor: str, lost: str) -> bool:
        """Without a file nothing was fenced."""
        return self.change(group, survivor, "unfence") if self.file_for(group, survivor, "unfence") else False

    def _answers(self, group: Group, site: str, verb: str) -> Answers:
        return Answers(group.name, site, self.file_for(group, site, verb))
