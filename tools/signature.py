# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures of OpenPGP, which are what ansible-galaxy checks too, made and checked with gpg."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile
from collections.abc import Iterator


class Refused(Exception):
    """gpg could not sign, or a signature is not good."""


def _gpg(*arguments: str | pathlib.Path, home: pathlib.Path | None = None) -> str:
    """Run gpg; return its status lines.

    :param home: the folder of its keys; None: the user's own
    :raises Refused: it failed.
    """
    command = ["gpg", "--batch", "--status-fd", "1", *map(str, arguments)]
    environment = {**os.environ, "LC_ALL": "C"}
    if home:
        environment["GNUPGHOME"] = str(home)
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Refused("There is no gpg: install GnuPG (Debian: gnupg).") from None
    if done.returncode:
        # Above the last line gpg tells what it has made, and when.
        raise Refused(done.stderr.strip().splitlines()[-1])
    return done.stdout


@contextlib.contextmanager
def home() -> Iterator[pathlib.Path]:
    """Yield a folder for keys that is gone afterwards, with gpg's agent."""
    # A short path: the agent's socket in it has about 100 characters.
    with tempfile.TemporaryDirectory(prefix="keys-") as folder:
        try:
            yield pathlib.Path(folder)
        finally:
            environment = {**os.environ, "GNUPGHOME": folder}
            subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=False)


def make_key(folder: pathlib.Path) -> str:
    """Make a key without a passphrase that is good for a day; return its fingerprint."""
    name = "Throw-away key of a dry run <nobody@example.com>"
    key = ["--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key", name]
    said = _gpg(*key, "ed25519", "sign", "1d", home=folder)
    return str(re.findall(r"KEY_CREATED \w ([0-9A-F]+)", said)[0])


def sign(file: pathlib.Path, key: str, folder: pathlib.Path | None = None) -> pathlib.Path:
    """Sign a file with a key; return the signature, which is beside it.

    :param folder: where the key is; None: among the user's own
    :raises Refused: there is no such key, or it is locked.
    """
    target = file.with_name(f"{file.name}.asc")
    options = ["--yes", "--armor", "--local-user", key, "--output", str(target)]
    _gpg(*options, "--detach-sign", file, home=folder)
    return target


def export(key: str, target: pathlib.Path, folder: pathlib.Path | None = None) -> None:
    """Write the public half of a key into a file."""
    _gpg("--yes", "--armor", "--output", target, "--export", key, home=folder)


def check(file: pathlib.Path, keys: pathlib.Path | None = None) -> str:
    """Return the fingerprint of the key with which a file was signed.

    :param keys: a file with the public keys that count; None: those of the user
    :raises Refused: the signature is missing, not good, or of another key.
    """
    signature = file.with_name(f"{file.name}.asc")
    if not signature.is_file():
        raise Refused(f"there is no {signature.name} beside {file.name}: download it too")
    if not keys:
        return _signer(signature, file, None)
    with home() as folder:
        _gpg("--import", keys, home=folder)
        return _signer(signature, file, folder)


def _signer(signature: pathlib.Path, file: pathlib.Path, folder: pathlib.Path | None) -> str:
    # An expired or revoked key makes no VALIDSIG and no GOODSIG, whatever the exit code is.
    said = _gpg("--verify", signature, file, home=folder)
    valid = re.findall(r"^\[GNUPG:\] VALIDSIG .* ([0-9A-F]+)$", said, flags=re.MULTILINE)
    if not valid or "[GNUPG:] GOODSIG" not in said:
        raise Refused(f"{signature.name} is no good signature of {file.name}.")
    return str(valid[0])
