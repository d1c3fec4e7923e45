# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks on the objects that replicate for us. Never the label of protected objects: those are captured and restored."""

from __future__ import annotations

from .._model.names import PREFIX

# on what we made or adopted
PLAN_LABEL = f"{PREFIX}/replicates-plan"
GROUP_LABEL = f"{PREFIX}/replicates-group"
# counted up at both sites' expense by each demotion: of two demoted copies the higher one was primary last
DEMOTION = f"{PREFIX}/demotion"
# in the place of the count: the copy was demoted beside another primary, and has not given way to it since
SPLIT = -1


def ownership(plan: str, group: str) -> dict[str, str]:
    return {PLAN_LABEL: plan, GROUP_LABEL: group}
