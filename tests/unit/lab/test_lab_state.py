from __future__ import annotations

import os

import pytest
from ocpvirt_lab import holder_client
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.state import HolderRecord, LabFolder, State


def test_state_survives_a_round_trip(tmp_path):
    folder = LabFolder("one", tmp_path)
    written = State(ports={"s3": 40001}, nodes=7, holder=HolderRecord(12, 34, True), lost=["east"])
    folder.save(written)
    assert folder.load() == written
    assert [path.name for path in folder.path.iterdir()] == ["state.json"]


def test_a_lab_that_never_was_has_the_defaults(tmp_path):
    assert LabFolder("one", tmp_path).load() == State()


def test_a_broken_state_file_names_itself_and_the_remedy(tmp_path):
    folder = LabFolder("one", tmp_path)
    folder.create()
    folder.state_file.write_text("{")
    with pytest.raises(LabError, match=r"state\.json.*--purge"):
        folder.load()


@pytest.mark.parametrize("name", ["", "../x", "Upper", "a b", "-a"])
def test_names_that_are_no_folder_names_are_refused(tmp_path, name):
    with pytest.raises(LabError):
        LabFolder(name, tmp_path)


def test_the_second_changing_command_is_refused(tmp_path):
    folder = LabFolder("one", tmp_path)
    with folder.locked(), pytest.raises(LabError, match="another command"), LabFolder("one", tmp_path).locked():
        pass
    with folder.locked():
        pass


def test_a_holder_is_known_by_pid_and_start_time(tmp_path):
    folder = LabFolder("one", tmp_path)
    starttime = holder_client._starttime(os.getpid())
    assert starttime is not None
    assert holder_client.find(folder, None) is None
    assert holder_client.find(folder, HolderRecord(os.getpid(), starttime, False)) is not None
    assert holder_client.find(folder, HolderRecord(os.getpid(), starttime + 1, False)) is None
