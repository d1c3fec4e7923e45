# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs at the target that have the name of one of the plan and would not be replaced. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..._model.finding import Finding
from ..vm.change import replaceable
from ..vm.parts import Object, key_of, title


def taken_names(
    wanted: Collection[str], at_target: Iterable[Object], plan: str, target: str, staged: bool = False
) -> Iterator[Finding]:
    """wanted: keys of the plan's VMs. staged: the latch is closed there, and what runs all the same is found apart."""
    for vm in at_target:
        if key_of(vm) in wanted and not replaceable(vm, plan, runs=not staged):
            yield Finding(
                "blocker",
                "NameTaken",
                title(vm),
                "the target has a VM of that name that is not of this plan, or that no run of it has halted",
                "if an earlier stay left it, run reprotect; else rename or remove one of the two: no run touches it",
                target,
            )
