# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a release consists of, and what `make verify` says of it and of one that was changed."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools import collection, origin, prepare, release, sbom, signature, tarball, verify  # noqa: E402

VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]
NAME = f"gitlab_ops-duo-{VERSION}.tar.gz"


@pytest.fixture(scope="module")
def keys() -> Iterator[pathlib.Path]:
    """Yield a folder of gpg's keys."""
    with signature.home() as folder:
        yield folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, keys: pathlib.Path) -> pathlib.Path:
    """Return the folder of a release of the newest commit, signed, without site and importer."""
    top = tmp_path_factory.mktemp("release")
    tree = collection.copy_of("HEAD", top / "tree")
    prepare.finish(tree, origin.EXAMPLE, prepare.day_of("HEAD"))
    folder = top / "made"
    assert tarball.pack(tree, folder).name == NAME
    prepare.release_notes(tree, folder / "RELEASE_NOTES.md")
    sbom.make(tree, folder / "sbom.json", top / "libraries", origin.EXAMPLE)
    release.sign(folder, signature.make_key(keys), keys)
    return folder


@pytest.fixture
def copied(tmp_path: pathlib.Path, made: pathlib.Path) -> pathlib.Path:
    """Return a copy of the release that a test may change."""
    return shutil.copytree(made, tmp_path / "copy")


def test_a_release_is_as_it_should_be(made: pathlib.Path) -> None:
    assert NAME in verify.check_sum(made / NAME)
    assert "is signed by" in verify.check_signature(made / NAME, made / release.KEY_FILE)
    assert "files are as the tag" in verify.check_contents(made / NAME, "HEAD", origin.EXAMPLE)
    assert "gitlab\\_ops\\.duo\\.duo\\_gateway" in (made / "RELEASE_NOTES.md").read_text("utf-8")


def test_another_tarball_has_another_checksum(copied: pathlib.Path) -> None:
    with (copied / NAME).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(verify.Wrong, match="has the checksum"):
        verify.check_sum(copied / NAME)


def test_checksums_of_somebody_else(copied: pathlib.Path) -> None:
    """Whoever changes the tarball can make a checksum for it, but no signature."""
    release.write_checksums(copied)
    with pytest.raises(verify.Wrong, match="BAD signature"):
        verify.check_signature(copied / NAME, copied / release.KEY_FILE)
    with signature.home() as own:
        signature.sign(copied / verify.SUMS, signature.make_key(own), own)
    with pytest.raises(verify.Wrong, match="No public key"):
        verify.check_signature(copied / NAME, copied / release.KEY_FILE)
    (copied / f"{verify.SUMS}.asc").unlink()
    with pytest.raises(verify.Wrong, match=r"SHA256SUMS\.asc"):
        verify.check_signature(copied / NAME, copied / release.KEY_FILE)


def test_a_file_that_the_tag_does_not_have(copied: pathlib.Path) -> None:
    """A tarball that agrees with itself, and yet was not made of what the tag has."""
    module = "plugins/modules/duo_info.py"
    tree = copied / "tree" / collection.INSIDE
    with tarfile.open(copied / NAME) as archive:
        archive.extractall(tree, filter="data")
    for name in ("MANIFEST.json", "FILES.json"):
        (tree / name).unlink()
    shutil.copy(ROOT / "galaxy.yml", tree)
    galaxy = tree / "galaxy.yml"
    galaxy.write_text(origin.fill_galaxy(galaxy.read_text(), origin.EXAMPLE))
    (tree / module).write_text((tree / module).read_text() + "# more\n")
    (tree / "docs" / "new.md").write_text("# New\n")
    changed = tarball.pack(tree, copied / "changed")
    with pytest.raises(verify.Wrong, match=rf"FILES\.json, docs/new\.md, {module}$"):
        verify.check_contents(changed, "HEAD", origin.EXAMPLE)


def test_a_tag_that_is_not_there(made: pathlib.Path) -> None:
    with pytest.raises(verify.Wrong, match=r"there is no 99\.0\.0 in this clone"):
        verify.check_contents(made / NAME, "99.0.0", origin.EXAMPLE)


def test_ansible_galaxy_takes_the_signature(made: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """What users without a clone can do, after they have installed the tarball."""
    collections, keyring = tmp_path / "collections", tmp_path / "keys.kbx"
    galaxy = [sys.executable, "-m", "ansible", "galaxy", "collection"]
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "GNUPGHOME": str(tmp_path),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
    }

    def run(*command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, command)), env=environment, text=True, capture_output=True, check=False
        )

    install = run(*galaxy, "install", "--offline", "-p", collections, made / NAME)
    assert install.returncode == 0, install.stderr
    gpg = ["gpg", "--batch", "--no-default-keyring", "--keyring", keyring]
    assert run(*gpg, "--import", made / release.KEY_FILE).returncode == 0
    given = ["--offline", "--keyring", keyring, "--signature", f"file://{made}/MANIFEST.json.asc"]
    good = run(*galaxy, "verify", *given, "gitlab_ops.duo")
    assert good.returncode == 0, good.stderr
    manifest = collections / collection.INSIDE / "MANIFEST.json"
    manifest.write_text(manifest.read_text() + " ")
    bad = run(*galaxy, "verify", *given, "gitlab_ops.duo")
    assert bad.returncode != 0
    assert "Signature verification failed" in bad.stdout


def test_the_sbom_lists_what_users_get(made: pathlib.Path) -> None:
    """The collection, its libraries and what these need: neither pip nor what we develop with."""
    found = json.loads((made / "sbom.json").read_text("utf-8"))
    top = found["metadata"]["component"]
    assert (top["name"], top["version"]) == ("gitlab_ops.duo", VERSION)
    assert origin.EXAMPLE.repository in {it["url"] for it in top["externalReferences"]}
    names = {it["bom-ref"]: it["name"] for it in found["components"]}
    depends = {it["ref"]: it.get("dependsOn", []) for it in found["dependencies"]}
    assert sorted(names[it] for it in depends[top["bom-ref"]]) == ["pydantic", "requests"]
    reached, left = set(), [top["bom-ref"]]
    while left:
        reference = left.pop()
        reached.add(reference)
        left += [it for it in depends[reference] if it not in reached]
    assert reached == {top["bom-ref"], *names}
    assert {"urllib3", "typing_extensions"} <= set(names.values())


def test_no_release_without_an_origin() -> None:
    """Everything that is missing is named at once."""
    found = release.obstacles(origin.Origin("", "", "", "", "", ""), key="")
    assert [it for it in found if it.startswith("tools/origin.yml: ")] == [
        f"tools/origin.yml: {name} is empty" for name in origin.Origin._fields
    ]
    assert "no key to sign with: make release KEY=fingerprint" in found


def test_what_the_importer_complains_about() -> None:
    """A playbook that is in the tarball was not found because of where the importer looks."""
    missing = "WARNING: ERROR    Failed to find gitlab_ops.duo.adit playbook."
    there = "WARNING: ERROR    Failed to find gitlab_ops.duo.audit playbook."
    said = "\n".join(["Loading playbook audit.yml", there, missing, "WARNING: no changelog"])
    found = release.complaints(said, {"playbooks/audit.yml"})
    assert found == [missing, "WARNING: no changelog"]
