# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's tarball, byte for byte the same wherever and whenever it is built.

ansible-galaxy writes the time of the build into it, and lists files in the order in which the file
system happens to name them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile

# 1980-01-01, the first date that every format of archives knows.
LONG_AGO = 315532800


def pack(tree: pathlib.Path, dist: pathlib.Path) -> pathlib.Path:
    """Build the tarball of a copy of the project (`collection.copy`) into a folder."""
    command = [sys.executable, "-m", "ansible", "galaxy", "collection", "build"]
    # Told a place where collections are, ansible-galaxy has nothing to warn about.
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tree.parents[2])}
    subprocess.run([*command, "--output-path", str(dist)], cwd=tree, env=environment, check=True)
    (tarball,) = dist.glob("*.tar.gz")
    settle(tarball)
    return tarball


def members(tarball: pathlib.Path) -> dict[str, bytes]:
    """Return the contents of each file in a tarball."""
    with tarfile.open(tarball) as archive:
        files = ((it.name, archive.extractfile(it)) for it in archive.getmembers())
        return {name: file.read() for name, file in files if file}


def settle(tarball: pathlib.Path) -> None:
    """Write a tarball of ansible-galaxy anew: sorted, and without a time."""
    with tarfile.open(tarball) as archive:
        members = {
            member.name: (member, archive.extractfile(member)) for member in archive.getmembers()
        }
        contents = {name: file.read() for name, (_it, file) in members.items() if file}
    listing = json.loads(contents["FILES.json"])
    listing["files"].sort(key=lambda entry: str(entry["name"]))
    contents["FILES.json"] = json.dumps(listing, indent=1).encode()
    # The manifest vouches for the listing.
    manifest = json.loads(contents["MANIFEST.json"])
    digest = hashlib.sha256(contents["FILES.json"]).hexdigest()
    manifest["file_manifest_file"]["chksum_sha256"] = digest
    contents["MANIFEST.json"] = json.dumps(manifest, indent=1).encode()
    write(tarball, {name: (it, contents.get(name, b"")) for name, (it, _file) in members.items()})


def pack_folder(folder: pathlib.Path, target: pathlib.Path) -> None:
    """Write the files of a folder into a tarball, below a folder of the same name."""
    members = {}
    for file in folder.rglob("*"):
        if file.is_file():
            name = f"{folder.name}/{file.relative_to(folder)}"
            members[name] = (tarfile.TarInfo(name), file.read_bytes())
    write(target, members)


def write(target: pathlib.Path, members: dict[str, tuple[tarfile.TarInfo, bytes]]) -> None:
    """Write a tarball that is sorted and knows no time."""
    with (
        target.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=LONG_AGO) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(members):
            member, content = members[name]
            member.mtime = LONG_AGO
            member.pax_headers = {}  # the time again, with its fractions
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
