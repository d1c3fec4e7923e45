# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection is to the site that was asked for, whoever else connects at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import kubernetes
import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster import client

SITES = ("east", "west")


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, tuple[str, str]]]:
    """By site the host and the credentials that its connection was made with."""
    made: dict[str, tuple[str, str]] = {}

    def record(site: str, host: str, _pool: object, headers: dict[str, str]) -> None:
        made[site] = (host, headers["authorization"])

    monkeypatch.setattr(client, "Api", record)
    yield made
    kubernetes.client.Configuration.set_default(None)


def kubeconfig(folder: Path, site: str) -> str:
    path = folder / f"{site}.kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": site, "cluster": {"server": f"https://{site}.example.com:6443"}}],
        "users": [{"name": site, "user": {"token": site}}],
        "contexts": [{"name": site, "context": {"cluster": site, "user": site}}],
        "current-context": site,
    }
    path.write_text(yaml.safe_dump(document))
    return str(path)


def test_p2_sites_that_are_opened_at_the_same_moment_are_not_mixed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: dict[str, tuple[str, str]]
) -> None:
    """Each thread is held between the moment that its credentials are the default and the moment they are copied."""
    both = threading.Barrier(len(SITES))
    load = kubernetes.config.load_kube_config

    def hold_after_loading(**options: object) -> None:
        load(**options)
        try:
            both.wait(0.5)
        except threading.BrokenBarrierError:
            return

    monkeypatch.setattr(kubernetes.config, "load_kube_config", hold_after_loading)
    files = {site: kubeconfig(tmp_path, site) for site in SITES}
    threads = [threading.Thread(target=client.connect, args=(site, {"kubeconfig": files[site]})) for site in SITES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert opened == {site: (f"https://{site}.example.com:6443", f"Bearer {site}") for site in SITES}


def test_credentials_of_the_site_before_do_not_stay(tmp_path: Path, opened: dict[str, tuple[str, str]]) -> None:
    client.connect("east", {"kubeconfig": kubeconfig(tmp_path, "east")})
    client.connect("west", {"host": "https://west.example.com:6443", "api_key": "west"})
    assert opened["west"] == ("https://west.example.com:6443", "Bearer west")
    left = kubernetes.client.Configuration.get_default_copy()
    assert (left.host, left.api_key) != ("https://east.example.com:6443", {"authorization": "Bearer east"})
