# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is a tarball the one that was released, and is it made of what the tag has?

    python -m tools.verify gitlab_ops-duo-0.1.0.tar.gz [--keys release-key.asc] [--tag 0.1.0]

Looks at three things, and says of each how it is: the checksum in SHA256SUMS beside the tarball,
the signature of SHA256SUMS, and the contents. For these the files are made again from the tag in
this clone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pathlib
import sys
import tarfile
import tempfile
from collections.abc import Callable

from tools import collection, origin, prepare, signature, tarball

SUMS = "SHA256SUMS"


class Wrong(Exception):
    """The tarball is not what it should be."""


def check_sum(artifact: pathlib.Path) -> str:
    """Compare the checksum with the listed one; return a sentence.

    :raises Wrong: it is not listed, or differs.
    """
    listing = artifact.with_name(SUMS)
    if not listing.is_file():
        raise Wrong(f"there is no {SUMS} beside {artifact.name}: download it too")
    listed = {}
    for line in listing.read_text("utf-8").splitlines():
        digest, _blanks, name = line.partition("  ")
        listed[name] = digest
    if artifact.name not in listed:
        raise Wrong(f"{SUMS} does not list {artifact.name}")
    found = hashlib.sha256(artifact.read_bytes()).hexdigest()
    if found != listed[artifact.name]:
        raise Wrong(f"{artifact.name} has the checksum {found}, not {listed[artifact.name]}")
    return f"{artifact.name} is as {SUMS} lists it"


def check_signature(artifact: pathlib.Path, keys: pathlib.Path | None) -> str:
    """Check who signed the checksums; return a sentence.

    :param keys: a file with the public keys that count; None: those of the user
    :raises Wrong: nobody whose key counts.
    """
    try:
        signer = signature.check(artifact.with_name(SUMS), keys)
    except signature.Refused as problem:
        raise Wrong(str(problem)) from None
    return f"{SUMS} is signed by {signer}"


def check_contents(
    artifact: pathlib.Path, tag: str | None = None, filled_with: origin.Origin | None = None
) -> str:
    """Compare the contents with those of a tag; return a sentence.

    :param tag: what git knows the release by; None: the version that the tarball names
    :param filled_with: where the project lives; None: as the tag says
    :raises Wrong: the tag is not there, or a file differs, is missing, or is one too many.
    """
    found = _digests(artifact)
    information = json.loads(tarball.members(artifact)["MANIFEST.json"])["collection_info"]
    tag = tag or str(information["version"])
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        top = pathlib.Path(folder)
        try:
            tree = collection.copy_of(tag, top / "tree")
        except collection.Unknown as problem:
            raise Wrong(str(problem)) from None
        prepare.finish(tree, filled_with or origin.read(tree), prepare.day_of(tag))
        expected = _digests(tarball.pack(tree, top / "dist"))
    differ = sorted(
        name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
    )
    if differ:
        raise Wrong(f"not as the tag {tag} has it: {', '.join(differ)}")
    return f"{len(found)} files are as the tag {tag} has them"


def _digests(artifact: pathlib.Path) -> dict[str, str]:
    """Return the checksum of each file; of the manifest, that of what says which collection it is.

    What else is in the manifest is the checksum of FILES.json.
    """
    contents = tarball.members(artifact)
    manifest = json.loads(contents["MANIFEST.json"])
    listed = hashlib.sha256(contents["FILES.json"]).hexdigest()
    if manifest["file_manifest_file"]["chksum_sha256"] != listed:
        raise Wrong("MANIFEST.json does not vouch for FILES.json")
    information = json.dumps(manifest["collection_info"], sort_keys=True).encode()
    return {
        name: hashlib.sha256(content).hexdigest()
        for name, content in {**contents, "MANIFEST.json": information}.items()
    }


def verify(*checks: Callable[[], str]) -> bool:
    """Run the checks, print what each says, and return whether all are content."""
    content = True
    for check in checks:
        try:
            print(f"ok      {check()}")
        except Wrong as problem:
            content = False
            print(f"FAILED  {problem}")
    return content


def main() -> None:
    """Verify the tarball that the arguments name."""
    parser = argparse.ArgumentParser(
        prog="make verify", description=__doc__.split("\n\n", maxsplit=1)[0]
    )
    parser.add_argument("artifact", type=pathlib.Path)
    parser.add_argument("--keys", type=pathlib.Path, help="public keys; else those of your gpg")
    parser.add_argument("--tag", help="the tag, if it is not the version")
    arguments = parser.parse_args()
    artifact: pathlib.Path = arguments.artifact
    if not artifact.is_file() or not tarfile.is_tarfile(artifact):
        sys.exit(f"{artifact} is no tarball. Name one: make verify ARTIFACT=path/to/it.tar.gz")
    if not verify(
        lambda: check_sum(artifact),
        lambda: check_signature(artifact, arguments.keys),
        lambda: check_contents(artifact, arguments.tag),
    ):
        sys.exit(1)


if __name__ == "__main__":
    main()
