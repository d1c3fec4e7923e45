"""RBD images as ceph_rbd's storage makes them; every write goes through a journal, which the other site replays."""

from __future__ import annotations

import uuid
from typing import Any

from demo.cluster import Object, wait_until
from demo.storages.ceph_rbd import CONNECT, CephRbdStorage, ask

# a snapshot of a user in each primary
MARK = (
    CONNECT
    + """
def mark(name):
    with rbd.Image(context, name) as image:
        image.{verb}({mark!r})

names = [name for name in primary if primary[name]]
with ThreadPoolExecutor(8) as pool:
    list(pool.map(mark, names))
print(json.dumps({{name: True for name in names}}))
"""
)
# of each copy whether it has it
SHOW = (
    CONNECT
    + """
def marked(name):
    with rbd.Image(context, name, read_only=True) as image:
        return {mark!r} in [item["name"] for item in image.list_snaps()]

print(json.dumps({{name: marked(name) for name in primary if not primary[name]}}))
"""
)


class CephRbdJournalStorage(CephRbdStorage):
    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        found = super().replication(sites)
        # a journal tells no moment, so no limit of a lag could be kept; and it takes no schedule
        del found["max_lag"], found["options"]["schedule"]
        found["options"]["mode"] = "journal"
        return found

    def await_replicated(self, sites: dict[str, dict[str, Any]]) -> None:
        """By a snapshot in every journal: where it is, all that was written before it has been replayed."""
        east, west = sites["east"]["ceph"], sites["west"]["ceph"]
        mark = f"arrived-{uuid.uuid4()}"
        marked = ask(east, MARK, verb="create_snap", mark=mark)

        def behind() -> list[str]:
            known = ask(west, SHOW, mark=mark)
            return [name for name in marked if not known.get(name)]

        wait_until("replication", 180, behind)
        ask(east, MARK, verb="remove_snap", mark=mark)
