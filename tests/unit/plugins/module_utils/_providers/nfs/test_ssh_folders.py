# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ordinary server has written in a folder that the plan does not name any more, by the real agent."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, DrError
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair

EXPORTS, CRON = "ocpvirt-dr-payroll.exports", "ocpvirt-dr-payroll"


def planned(pair: Pair, **folders: Path | str) -> Group:
    """The group with other folders at east."""
    east = {**pair.east.options(), **{name: str(folder) for name, folder in folders.items()}}
    return dataclasses.replace(pair.group, options={"sites": {**pair.group.options["sites"], "east": east}})


def protect(pair: Pair, **folders: Path | str) -> bool:
    return pair.provider.enable(planned(pair, **folders), "east", "west")


def other(pair: Pair, name: str) -> Path:
    folder = pair.east.root / name
    folder.mkdir(exist_ok=True)
    return folder


def written(pair: Pair) -> set[str]:
    """Files of exports and of cron at east."""
    root = pair.east.root
    folders = ("exports.d", "cron.d", "other.exports", "other.cron")
    return {str(file.relative_to(root)) for folder in folders for file in (root / folder).glob("ocpvirt*")}


def fail_once_at(pair: Pair, program: str, words: str) -> Path:
    """The program ends with an error where it is called with these words; until the file is removed."""
    double = pair.root / "bin" / program
    real = shutil.which(program, path="/usr/bin:/bin")
    double.write_text(f'#!/bin/sh\ncase "$*" in *{words}*) exit 1 ;; esac\nexec {real} "$@"\n')
    double.chmod(0o755)
    return double


@pytest.mark.parametrize(
    ("option", "folder", "left"),
    [
        ("exports_dir", "other.exports", {f"other.exports/{EXPORTS}", f"cron.d/{CRON}"}),
        ("cron_dir", "other.cron", {f"exports.d/{EXPORTS}", f"other.cron/{CRON}"}),
    ],
)
def test_p1_a_folder_that_the_plan_does_not_name_any_more_keeps_nothing_of_ours(
    pair: Pair, option: str, folder: str, left: set[str]
) -> None:
    """An export there would be writable again after the next boot, whoever is primary then."""
    assert protect(pair, **{option: other(pair, folder)})
    assert written(pair) == left
    assert not protect(pair, **{option: other(pair, folder)})


@pytest.mark.parametrize("option", ["exports_dir", "cron_dir"])
def test_p8_another_name_of_the_same_folder_is_the_same_folder(pair: Pair, option: str) -> None:
    before = written(pair)
    alias = pair.east.root / "alias"
    alias.symlink_to(pair.east.options()[option])
    protect(pair, **{option: alias})
    protect(pair, **{option: f"{alias}/"})
    assert written(pair) == before


def test_p8_what_somebody_else_has_written_under_our_name_is_named_and_stays(pair: Pair) -> None:
    theirs = pair.east.root / "exports.d" / EXPORTS
    theirs.write_text("/srv/theirs *(rw,sync)\n")
    with pytest.raises(Conflict, match="remove it") as refused:
        protect(pair, exports_dir=other(pair, "other.exports"))
    assert str(theirs) in str(refused.value)
    assert theirs.read_text() == "/srv/theirs *(rw,sync)\n"
    # which says nothing of the role of ours
    pair.provider.demote(planned(pair, exports_dir=other(pair, "other.exports")), "east")
    assert pair.status("east").role == "secondary"
    theirs.unlink()
    assert protect(pair, exports_dir=other(pair, "other.exports"))


def test_p5_what_a_killed_setup_has_left_in_the_old_folder_is_removed_by_the_next(pair: Pair) -> None:
    double = fail_once_at(pair, "rm", f"cron.d/{CRON}")
    with pytest.raises(DrError):
        protect(pair, cron_dir=other(pair, "other.cron"))
    assert f"cron.d/{CRON}" in written(pair)
    double.unlink()
    assert protect(pair, cron_dir=other(pair, "other.cron"))
    assert written(pair) == {f"exports.d/{EXPORTS}", f"other.cron/{CRON}"}


def test_p1_a_demotion_after_a_killed_setup_leaves_no_export_that_is_writable(pair: Pair) -> None:
    """It was killed after it had noted the new folder."""
    double = fail_once_at(pair, "mv", f"other.exports/{EXPORTS}")
    group = planned(pair, exports_dir=other(pair, "other.exports"))
    with pytest.raises(DrError):
        pair.provider.enable(group, "east", "west")
    assert written(pair) == {f"exports.d/{EXPORTS}", f"cron.d/{CRON}"}
    double.unlink()
    pair.provider.demote(group, "east")
    assert written(pair) == {f"other.exports/{EXPORTS}", f"cron.d/{CRON}"}
    assert "(ro," in (other(pair, "other.exports") / EXPORTS).read_text()


def test_p8_the_end_of_replication_removes_what_a_killed_setup_has_left(pair: Pair) -> None:
    double = fail_once_at(pair, "rm", f"cron.d/{CRON}")
    group = planned(pair, cron_dir=other(pair, "other.cron"))
    with pytest.raises(DrError):
        pair.provider.enable(group, "east", "west")
    double.unlink()
    assert pair.provider.disable(group, "east")
    assert written(pair) == {f"exports.d/{EXPORTS}"}


def test_p8_the_copy_of_a_rehearsal_is_withdrawn_from_the_folder_that_it_was_written_to(pair: Pair) -> None:
    pair.provider.clone(pair.group, "east", "rehearsal", ())
    group = planned(pair, exports_dir=other(pair, "other.exports"))
    pair.provider.enable(group, "east", "west")
    assert pair.provider.unclone(group, "east", "rehearsal")
    assert written(pair) == {f"other.exports/{EXPORTS}", f"cron.d/{CRON}"}


def test_p1_a_copy_whose_old_export_is_writable_is_not_told_as_secondary(pair: Pair) -> None:
    """Its promotion was killed before its note, and so was a setup that names another folder."""
    state = pair.east.root / "state/payroll.state"
    pair.provider.demote(pair.group, "east")
    noted = state.read_text()
    pair.provider.promote(pair.group, "east", forced=False)
    state.write_text(noted)
    double = fail_once_at(pair, "mv", f"other.exports/{EXPORTS}")
    with pytest.raises(DrError):
        protect(pair, exports_dir=other(pair, "other.exports"))
    double.unlink()
    assert pair.status("east").role == "unknown"
