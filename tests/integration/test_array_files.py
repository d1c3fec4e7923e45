# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each array's task files run, on doubles of their collections' modules: what they call, with arguments that the real
modules take, and that check mode changes nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.array.provider import PRODUCTS
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.array.answers import (
    CONSISTENCY_GROUP,
    LINK,
    OPTIONS,
    PAIR,
    POD,
    RELATIONSHIP,
    VOLUME,
    changed,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.array.doubles import (
    ROOT,
    Doubles,
    returned_sample,
    spec_of,
)

TASKS = ROOT / "roles/replication/tasks"
VERBS = ("observe", "demote", "final_sync", "promote", "resync")
FILES = sorted(TASKS.glob("*/*.yml"))
READING = ("_info", ".info", "_facts")
CONNECTION = {
    *("hostname", "username", "password", "https", "validate_certs", "port", "fa_url", "api_token", "unispherehost"),
    *("clustername", "connection_info", "secondary_connection_info", "api_url", "api_username", "api_password"),
}
AFTER = changed(RELATIONSHIP, transfer={"uuid": "b", "state": "success", "end_time": "2026-03-01T12:00:00+00:00"})
SESSION = "dellemc.unity.replication_session"
RCG = "dellemc.powerflex.replication_consistency_group"

EXPECTED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "netapp_ontap": [
        ("na_ontap_volume", {"name": "payroll", "vserver": "svm_east", "export_policy": "nodes_ro"}),
        (
            "na_ontap_snapmirror",
            {
                "source_endpoint": {"path": "svm_east:payroll"},
                "destination_endpoint": {"path": "svm_west:payroll"},
                "update": True,
            },
        ),
        (
            "na_ontap_snapmirror",
            {
                "source_endpoint": {"path": "svm_east:payroll"},
                "destination_endpoint": {"path": "svm_west:payroll"},
                "relationship_state": "broken",
            },
        ),
        ("na_ontap_volume", {"name": "payroll", "vserver": "svm_west", "export_policy": "nodes"}),
        ("na_ontap_volume", {"name": "payroll", "vserver": "svm_east", "export_policy": "nodes_ro"}),
        *[
            (
                "na_ontap_snapmirror",
                {
                    "source_endpoint": {"path": "svm_west:payroll"},
                    "destination_endpoint": {"path": "svm_east:payroll"},
                    "policy": "MirrorAllSnapshots",
                    "initialize": False,
                    "update": False,
                },
            )
        ]
        * 2,
    ],
    "pure_flasharray": [
        ("purefa_pod", {"name": "payroll-east", "promote": False, "quiesce": True}),
        ("purefa_pod", {"name": "payroll-west", "promote": True, "undo": False}),
        ("purefa_pod", {"name": "payroll-east", "promote": False, "quiesce": False}),
    ],
    "dell_powerflex": [
        ("replication_consistency_group", {"rcg_name": "test_rcg", "rcg_state": "switchover"}),
        ("replication_consistency_group", {"rcg_name": "test_rcg", "rcg_state": "failover"}),
        ("replication_consistency_group", {"rcg_name": "test_rcg", "rcg_state": "reverse"}),
    ],
    "dell_unity": [
        ("replication_session", {"session_name": "rep_sess_nas", "failover_with_sync": True}),
        ("replication_session", {"session_name": "rep_sess_nas", "failover_with_sync": False}),
        ("replication_session", {"session_name": "rep_sess_nas", "pause": False, "force_full_copy": False}),
    ],
    "ibm_storage_virtualize": [
        (
            "ibm_svc_start_stop_replication",
            {"name": "payroll", "isgroup": True, "state": "stopped", "access": True},
        ),
        (
            "ibm_svc_start_stop_replication",
            {"name": "payroll", "isgroup": True, "state": "started", "primary": "aux", "clean": True},
        ),
        (
            "ibm_svc_start_stop_replication",
            {"name": "payroll", "isgroup": True, "state": "stopped", "access": True},
        ),
        (
            "ibm_svc_start_stop_replication",
            {"name": "payroll", "isgroup": True, "state": "started", "primary": "aux", "force": True},
        ),
    ],
    "hitachi_vspone_block": [
        ("hv_remote_copy_group", {"state": state, "spec": {"copy_group_name": "payroll", "replication_type": "UR"}})
        for state in ("swap_split", "swap_resync", "swap_split", "swap_resync")
    ],
    "netapp_santricity": [
        (
            "netapp_e_amg_role",
            {"ssid": site, "name": "made_with_ansible", "role": role, "noSync": no_sync, "force": force},
        )
        for site, role, no_sync, force in (
            ("east", "secondary", False, False),
            ("west", "primary", True, True),
            ("east", "secondary", True, False),
        )
    ],
}


def called(tasks: Any) -> Iterator[str]:
    """Modules of other collections that a task file names."""
    for task in tasks:
        for section in ("block", "rescue", "always"):
            yield from called(task.get(section, []))
        yield from (key for key in task if "." in key and not key.startswith("ansible.builtin."))


NAMES = sorted({name for file in FILES for name in called(yaml.safe_load(file.read_text(encoding="utf-8")))})


@pytest.fixture(scope="module")
def santricity() -> Iterator[str]:
    """Its REST API, which the collection has no module to read from."""
    groups = [json.loads(json.dumps(returned_sample("netapp_eseries.santricity.netapp_e_amg_sync", "json", "example")))]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_known = self.path == "/devmgr/v2/storage-systems/east/async-mirrors" and self.headers["Authorization"]
            self.send_response(200 if is_known else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(groups).encode())

        def log_message(self, *_words: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/devmgr/v2/"
    server.shutdown()


def requests(api_url: str) -> list[dict[str, Any]]:
    """All verbs of all products: a planned switch from east to west, a promotion by force there, the way back."""
    found = []
    for product in PRODUCTS.values():
        options = {
            site: {**here, **({"api_url": api_url} if "api_url" in here else {})}
            for site, here in OPTIONS[product.name].items()
        }
        for verb in VERBS:
            if verb in product.verbs:
                site, peer = ("west", "east") if verb == "promote" else ("east", "west")
                request = {"verb": verb, "group": product.name, "site": site, "peer": peer, "timeout": 60}
                request |= {"file": f"{product.name}/{verb}.yml", "forced": verb == "promote"}
                found.append({**request, "here": options[site], "there": options[peer]})
    return found


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Any]]:
    ontap = "netapp.ontap.na_ontap_rest_info"

    def records(*found: Any) -> dict[str, Any]:
        return {"ontap_info": {"snapmirror/relationships": {"records": list(found), "num_records": len(found)}}}

    rcg = returned_sample(RCG, "replication_consistency_group_details", "sample")
    session = returned_sample(SESSION, "replication_session_details", "sample")
    return {
        # observe asks twice, final_sync before and after, promote once
        f"{ontap}/snapmirror/relationships": [
            records(),
            records(RELATIONSHIP),
            records(RELATIONSHIP),
            records(AFTER),
            records(RELATIONSHIP),
        ],
        f"{ontap}/storage/volumes": [{"ontap_info": {"storage/volumes": {"records": [VOLUME]}}}],
        "purestorage.flasharray.purefa_info/pods": [
            {"purefa_info": {"pods": {"payroll-east": POD}, "replica_links": {"payroll-east": LINK}}}
        ],
        "dellemc.powerflex.info/rcg": [{"Replication_Consistency_Groups": [rcg]}],
        SESSION: [{"changed": True, "replication_session_details": session}],
        "ibm.storage_virtualize.ibm_svc_info/rcconsistgrp": [{"RCConsistgrp": CONSISTENCY_GROUP}],
        "hitachivantara.vspone_block.vsp.hv_hur_facts": [{"ansible_facts": {"hurs": [PAIR]}}],
    }


class Run:
    def __init__(self, doubles: Doubles, asked: list[dict[str, Any]], outcomes: list[dict[str, Any]]) -> None:
        self.calls = doubles.calls()
        self.outcomes = {(item["group"], item["verb"]): outcome for item, outcome in zip(asked, outcomes, strict=True)}

    def writes(self, product: str) -> list[tuple[str, dict[str, Any]]]:
        """What a product's files asked for, without how they logged in."""
        collection = PRODUCTS[product].collection
        return [
            (call["name"].rpartition(".")[2], {key: call["args"][key] for key in call["args"] if key not in CONNECTION})
            for call in self.calls
            if call["name"].startswith(f"{collection}.") and is_write(call)
        ]


def is_write(call: dict[str, Any]) -> bool:
    reads = call["name"].endswith(READING) or (
        call["name"] == SESSION and not set(call["args"]) - CONNECTION - {"session_name"}
    )
    return not reads


def run(folder: Path, api_url: str, answers: dict[str, list[Any]], *words: str) -> Run:
    doubles, asked = Doubles(folder, NAMES, answers), requests(api_url)
    return Run(doubles, asked, doubles.run(asked, *words))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, santricity: str, answers: dict[str, list[Any]]) -> Run:
    return run(tmp_path_factory.mktemp("arrays"), santricity, answers)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory, santricity: str, answers: dict[str, list[Any]]) -> Run:
    return run(tmp_path_factory.mktemp("arrays"), santricity, answers, "--check")


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_product_has_a_file_for_each_of_its_verbs_and_no_other(product: str) -> None:
    assert {file.stem for file in (TASKS / product).iterdir()} == PRODUCTS[product].verbs


def test_every_file_passes_on_what_the_modules_document(done: Run) -> None:
    assert {key: outcome["failed"] for key, outcome in done.outcomes.items() if outcome["failed"]} == {}


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_a_product_is_asked_for(done: Run, product: str) -> None:
    assert done.writes(product) == EXPECTED[product]


@pytest.mark.parametrize("name", NAMES)
def test_the_real_module_takes_the_arguments(done: Run, name: str) -> None:
    given = [call["args"] for call in done.calls if call["name"] == name]
    assert given
    assert [problem for args in given for problem in spec_of(name).problems(args)] == []


def test_arguments_that_a_module_does_not_take_are_found() -> None:
    assert spec_of(SESSION).problems({"session_name": "a", "promote": True})


def test_p9_in_check_mode_every_write_is_told_so_and_the_files_pass(checked: Run) -> None:
    assert {key: outcome["failed"] for key, outcome in checked.outcomes.items() if outcome["failed"]} == {}
    assert [call["name"] for call in checked.calls if is_write(call) and not call["check"]] == []


@pytest.mark.parametrize("name", NAMES)
def test_p10_a_secret_that_a_module_takes_is_hidden_by_it(done: Run, name: str) -> None:
    given = next(call["args"] for call in done.calls if call["name"] == name)
    assert list(open_secrets(spec_of(name).arguments, given)) == []


def open_secrets(spec: Any, given: dict[str, Any]) -> Iterator[str]:
    for key, value in given.items():
        if isinstance(value, dict) and spec[key].get("options"):
            yield from open_secrets(spec[key]["options"], value)
        elif value == "s3cret" and not spec[key].get("no_log"):
            yield key
