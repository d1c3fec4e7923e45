"""Health checks, run inside a site's namespaces: URLs as JSON on stdin, failures as JSON on stdout.

    python -m ocpvirt_lab.probe SECONDS <<< '{"etcd": "http://127.0.0.1:2379/health"}'

`http:` and `https:` are healthy when they answer 200, `ssh:` when a server of ssh greets, and
`ceph:SOCKET?COMMAND#FIELD=VALUE` when the admin socket of a Ceph daemon answers the command with this value; FIELD is a
path with dots, and a number counts in a list. Tries until everything is healthy or the seconds are over. Standard
library only, because it starts often.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

REQUEST_TIMEOUT = 3
GREETING = 100
POLL = 0.1


def _opener() -> urllib.request.OpenerDirector:
    # a health check asks whether the process answers, not who it is
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))


def _check(opener: urllib.request.OpenerDirector, url: str) -> str | None:
    if url.startswith("ceph:"):
        return _check_ceph(url.removeprefix("ceph:"))
    if url.startswith("ssh:"):
        return _check_ssh(url)
    try:
        with opener.open(url, timeout=REQUEST_TIMEOUT):
            return None
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code} from {url}"
    except OSError as error:
        return f"{error} from {url}"


def _check_ssh(url: str) -> str | None:
    place = urllib.parse.urlsplit(url)
    try:
        with socket.create_connection((place.hostname or "", place.port or 0), REQUEST_TIMEOUT) as connection:
            greeting = connection.recv(GREETING)
    except OSError as error:
        return f"{error} from {url}"
    return None if greeting.startswith(b"SSH-") else f"{greeting!r} from {url}"


def _check_ceph(question: str) -> str | None:
    path, _, rest = question.partition("?")
    command, _, wanted = rest.partition("#")
    try:
        answer = _ask_ceph(path, command)
    except (OSError, ValueError) as error:
        return f"{error} from {path}, asked for `{command}`"
    field, _, value = wanted.partition("=")
    seen = _at(answer, field)
    return f"{field} is {seen}, not {value}" if field and str(seen) != value else None


def _at(answer: object, path: str) -> object:
    for key in path.split("."):
        if isinstance(answer, list):
            answer = answer[int(key)] if int(key) < len(answer) else None
        else:
            answer = answer.get(key) if isinstance(answer, dict) else None
    return answer


def _ask_ceph(path: str, command: str) -> dict[str, object]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(REQUEST_TIMEOUT)
        connection.connect(path)
        connection.sendall(json.dumps({"prefix": command}).encode() + b"\0")
        with connection.makefile("rb") as answers:
            (length,) = struct.unpack(">I", answers.read(4).rjust(4, b"\0"))
            return json.loads(answers.read(length))


def main() -> None:
    deadline = time.monotonic() + float(sys.argv[1])
    pending: dict[str, str] = json.load(sys.stdin)
    opener = _opener()
    with ThreadPoolExecutor(max(1, len(pending))) as pool:
        while True:
            answers = dict(zip(pending, pool.map(lambda url: _check(opener, url), pending.values()), strict=True))
            failures = {name: seen for name, seen in answers.items() if seen}
            if not failures or time.monotonic() >= deadline:
                break
            pending = {name: pending[name] for name in failures}
            time.sleep(POLL)
    json.dump(failures, sys.stdout)


if __name__ == "__main__":
    main()
