from __future__ import annotations

import socket

from ocpvirt_lab import relay
from ocpvirt_lab.layout import relayed


def test_every_forward_gets_a_port_and_keeps_it():
    ports: dict[str, int] = {}
    with relay.listening(ports):
        assert ports.keys() == relayed().keys()
        assert len(set(ports.values())) == len(ports)
    before = dict(ports)
    with relay.listening(ports):
        assert ports == before


def test_a_port_that_somebody_took_is_replaced():
    ports: dict[str, int] = {}
    with relay.listening(ports):
        before = dict(ports)
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", before["s3"]))
        stranger.listen()
        with relay.listening(ports):
            assert ports["s3"] != before["s3"]
            assert {**ports, "s3": 0} == {**before, "s3": 0}
