# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users get, as they get it: `make packaging`."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tarfile

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sandbox import credentials  # noqa: E402
from tools import collection, stand_ins, tarball  # noqa: E402

INSTALLED = collection.CACHE / "installed"
BIN = pathlib.Path(sys.executable).parent


def run(*command: object, **variables: str) -> str:
    """Run a program; return its output, or fail with it."""
    done = subprocess.run(
        list(map(str, command)),
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built() -> pathlib.Path:
    """Return the tarball that `make build` has made."""
    (found,) = (collection.CACHE / "dist").glob("*.tar.gz")
    return found


def test_two_builds_are_equal(tmp_path: pathlib.Path) -> None:
    """The place, the time and the order of files leave no trace."""
    first, second = (
        tarball.pack(collection.copy(tmp_path / name / "tree"), tmp_path / name / "dist")
        for name in ("one", "another")
    )
    assert first.read_bytes() == second.read_bytes()


def test_the_listing_is_right(built: pathlib.Path) -> None:
    """Listing and manifest, which ansible-galaxy wrote and the build has sorted, still agree."""
    with tarfile.open(built) as archive:
        contents = {
            it.name: archive.extractfile(it).read()  # type: ignore[union-attr]
            for it in archive.getmembers()
            if it.isfile()
        }
    manifest = json.loads(contents["MANIFEST.json"])["file_manifest_file"]
    assert manifest["chksum_sha256"] == hashlib.sha256(contents["FILES.json"]).hexdigest()
    listed = {
        it["name"]: it["chksum_sha256"]
        for it in json.loads(contents["FILES.json"])["files"]
        if it["ftype"] == "file"
    }
    held = {name: hashlib.sha256(it).hexdigest() for name, it in contents.items()}
    assert held == {
        **listed,
        "FILES.json": held["FILES.json"],
        "MANIFEST.json": held["MANIFEST.json"],
    }


def test_nothing_of_development_is_shipped(built: pathlib.Path) -> None:
    """Whoever adds a folder says whether users get it."""
    with tarfile.open(built) as archive:
        top = {name.split("/")[0] for name in archive.getnames()}
    assert top - {"FILES.json", "MANIFEST.json", "CHANGELOG.rst"} == {
        *("LICENSES", "README.md", "REUSE.toml", "SECURITY.md", "CONTRIBUTING.md"),
        *("CODE_OF_CONDUCT.md", "requirements.txt"),
        *("changelogs", "docs", "examples", "meta", "playbooks", "plugins", "roles"),
    }


def test_execution_environment(tmp_path: pathlib.Path, built: pathlib.Path) -> None:
    """ansible-builder takes the tarball, and learns from it what it needs."""
    found = yaml.safe_load(run(BIN / "ansible-builder", "introspect", INSTALLED))
    wanted = found["python"]
    assert "requests>=2.31.0" in str(wanted)
    assert "pydantic>=2.8.0" in str(wanted)
    definition = {
        "version": 3,
        "images": {"base_image": {"name": "example.com/python:3.13"}},
        "dependencies": {
            "galaxy": {"collections": [{"name": f"files/{built.name}", "type": "file"}]},
            "ansible_core": {"package_pip": "ansible-core"},
            "ansible_runner": {"package_pip": "ansible-runner"},
        },
        "additional_build_files": [{"src": str(built), "dest": "files"}],
    }
    (tmp_path / "ee.yml").write_text(yaml.safe_dump(definition))
    context = tmp_path / "context"
    run(BIN / "ansible-builder", "create", "-f", tmp_path / "ee.yml", "-c", context)
    copied = next(context.rglob(built.name))
    assert copied.read_bytes() == built.read_bytes()
    assert built.name in next(context.rglob("requirements.yml")).read_text()


def test_an_isolated_machine(tmp_path: pathlib.Path, built: pathlib.Path) -> None:
    """Tarball and wheels of what it declares are enough, in an environment that has nothing."""
    with tarfile.open(built) as archive:
        declared = archive.extractfile("requirements.txt")
        assert declared
        (tmp_path / "requirements.txt").write_bytes(declared.read())
    wanted = ["-r", tmp_path / "requirements.txt", "ansible-core"]
    wheels = tmp_path / "wheels"
    run(sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "-d", wheels, *wanted)
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    # From here on, no registry.
    offline = ["install", "-q", "--no-index", "--find-links", wheels]
    run(python, "-m", "pip", *offline, *wanted, PIP_CONFIG_FILE=os.devnull)
    variables = {"HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections")}
    galaxy = ["collection", "install", "--offline", "-p", tmp_path / "collections", built]
    run(python, "-m", "ansible", "galaxy", *galaxy, **variables)
    with stand_ins.stand_ins({"here": "18.9"}) as urls:
        arguments = f"api_url={urls['here']} api_token={credentials.ADMIN_TOKEN}"
        adhoc = ["localhost", "-m", "gitlab_ops.duo.duo_gateway", "-a"]
        address = "https://aigw.example.com"
        run(
            *(python, "-m", "ansible", "adhoc", *adhoc, f"{arguments} ai_gateway_url={address}"),
            **{**variables, "NO_PROXY": "127.0.0.1"},
        )
        assert stand_ins.ask(urls["here"], "state")["gateway"]["ai_gateway_url"] == address
