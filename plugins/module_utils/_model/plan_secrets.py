# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys hold secrets. A plan refers to a secret by `<key>_env` or `<key>_file` and never holds its value."""

from __future__ import annotations

import re

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

_NAMES = frozenset(
    {
        "api_key",
        "apikey",
        "access_key",
        "access_token",
        "auth_token",
        "basic_auth",
        "bearer_token",
        "client_secret",
        "key_data",
        "key_secret",
        "passphrase",
        "passwd",
        "password",
        "private_key",
        "proxy_basic_auth",
        "pwd",
        "secret_access_key",
        "secret_key",
        "shared_secret",
        "token",
    }
)
_ENDINGS = ("_password", "_passphrase", "_token", "_api_key", "_private_key", "_secret_key")
_CREDENTIALS_IN_URL = re.compile(r"://[^/?#@\s]*:[^/?#@\s]+@")


def is_secret_key(key: str) -> bool:
    """Whether a value under this key would be a secret itself, not the name of one."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", "_", key).lower()
    return name in _NAMES or name.endswith(_ENDINGS)


def has_credentials(text: str) -> bool:
    """Whether the text is a URL with a password in it."""
    return _CREDENTIALS_IN_URL.search(text) is not None


def secret_of_reference(key: str) -> tuple[str, str] | None:
    """For `password_env` the pair (password, env), for `api_key_file` (api_key, file); None for other keys."""
    for form in ("env", "file"):
        name = key.removesuffix(f"_{form}")
        if name != key and is_secret_key(name):
            return name, form
    return None
