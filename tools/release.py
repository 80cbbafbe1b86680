# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes all that a release consists of, signs and verifies it: `make release KEY=...`.

In .cache/release are then the tarball with the signature that ansible-galaxy checks, changelog and
release notes, the documentation as a site, the SBOM of what users get, checksums, their signature,
and the public key. It is made from the files of the commit.

With DRY_RUN=yes the same is made in .cache/release-dry-run from the newest commit, whether it is
tagged or not, with addresses that lead nowhere and a key that is thrown away.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import sys
import tempfile
from collections.abc import Container

import yaml

from tools import collection, origin, prepare, sbom, signature, tarball, verify
from tools.prepare import run
from tools.site import __main__ as site

# galaxy-importer wants older libraries than the other tools: it has an environment of its own.
IMPORTER = collection.CACHE / "venv-importer" / "bin"
KEY_FILE = "release-key.asc"
UNFOUND = re.compile(r"Failed to find gitlab_ops\.duo\.(\w+) playbook\.$")


def obstacles(values: origin.Origin, key: str) -> list[str]:
    """Return why no release can be made of what is there, one line for each reason."""
    found = [f"{origin.FILE}: {fault}" for fault in origin.faults(values)]
    if not key:
        found.append("no key to sign with: make release KEY=fingerprint")
    if run("git", "status", "--porcelain").strip():
        found.append("the working tree has changes that are not committed")
    version = yaml.safe_load((collection.ROOT / "galaxy.yml").read_text("utf-8"))["version"]
    if version not in run("git", "tag", "--points-at", "HEAD").split():
        found.append(f"the commit is not tagged {version}, as galaxy.yml calls it")
    return found


def import_as_galaxy(file: pathlib.Path) -> None:
    """Look at the tarball as a Galaxy server would.

    :raises SystemExit: it would be refused, or there is something to say.
    """
    top = collection.CACHE / "import"
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir(parents=True)
    said = run(IMPORTER / "python", "-m", "galaxy_importer.main", file, folder=top)
    (top / "log").write_text(said)
    if wrong := complaints(said, tarball.members(file)):
        sys.exit("\n".join(wrong))


def complaints(said: str, held: Container[str]) -> list[str]:
    """Return what the importer complains about in its log.

    It lints the collection where Ansible does not find it, so it misses playbooks of ours that an
    example imports. That counts only if they are not in the tarball either.

    :param held: the names of the files in the tarball
    """
    return [
        line
        for line in said.splitlines()
        if line.startswith(("WARNING", "ERROR"))
        and not ((found := UNFOUND.search(line)) and f"playbooks/{found[1]}.yml" in held)
    ]


def write_checksums(folder: pathlib.Path) -> pathlib.Path:
    """Write what `sha256sum --check` reads; return the file."""
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(folder.iterdir())
    ]
    listing = folder / verify.SUMS
    listing.write_text("".join(lines))
    return listing


def sign(folder: pathlib.Path, key: str, keys: pathlib.Path | None) -> None:
    """Sign the manifest inside the tarball, for ansible-galaxy, and the checksums of everything.

    :param keys: the folder of gpg's keys; None: the user's own
    :raises signature.Refused: gpg has no such key, or it is locked.
    """
    (artifact,) = folder.glob("*-*-*.tar.gz")
    manifest = folder / "MANIFEST.json"
    manifest.write_bytes(tarball.members(artifact)[manifest.name])
    signature.sign(manifest, key, keys)
    manifest.unlink()  # it is in the tarball
    signature.export(key, folder / KEY_FILE, keys)
    signature.sign(write_checksums(folder), key, keys)


def make(folder: pathlib.Path, values: origin.Origin) -> pathlib.Path:
    """Make everything but the signatures from the newest commit; return the tarball."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tree = collection.copy_of("HEAD", collection.CACHE / "release-tree")
    prepare.finish(tree, values, prepare.day_of("HEAD"))
    artifact = tarball.pack(tree, folder)
    import_as_galaxy(artifact)
    shutil.copy(tree / "CHANGELOG.rst", folder)
    prepare.release_notes(tree, folder / "RELEASE_NOTES.md")
    name = artifact.name.removesuffix(".tar.gz")
    with tempfile.TemporaryDirectory(prefix="sbom-") as work:
        sbom.make(tree, folder / f"{name}.cdx.json", pathlib.Path(work, "libraries"), values)
    site.main(values)
    tarball.pack_folder(collection.CACHE / "docs", folder / "docs.tar.gz")
    return artifact


def main() -> None:
    """Make the release, verify it, and say what it consists of."""
    dry, key = bool(os.environ.get("DRY_RUN")), os.environ.get("KEY", "")
    values = origin.EXAMPLE if dry else origin.read(collection.ROOT)
    if not dry and (found := obstacles(values, key)):
        sys.exit("\n".join(["There is no release to make yet:", *(f"- {it}" for it in found)]))
    folder = collection.CACHE / ("release-dry-run" if dry else "release")
    artifact = make(folder, values)
    try:
        with signature.home() if dry else contextlib.nullcontext() as keys:
            sign(folder, signature.make_key(keys) if keys else key, keys)
    except signature.Refused as problem:
        sys.exit(f"Nothing is signed: {problem}")
    print(f"In {folder.relative_to(collection.ROOT)}:")
    print((folder / verify.SUMS).read_text(), end="", flush=True)
    if not verify.verify(
        lambda: verify.check_sum(artifact),
        lambda: verify.check_signature(artifact, folder / KEY_FILE),
        lambda: verify.check_contents(artifact, "HEAD", values),
    ):
        sys.exit(1)


if __name__ == "__main__":
    main()
