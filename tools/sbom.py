# SPDX-FileCopyrightText: 2026 gitlab_ops.duo contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SBOM of what a user gets: the collection, its two libraries, and what these need.

ansible-core is not in it, because users bring their own. The versions are the newest that
requirements.txt allows on the day of the release; the tests run with the oldest ones too.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.origin import Origin


class Invalid(Exception):
    """The SBOM is not what CycloneDX's schema says."""


def make(tree: pathlib.Path, target: pathlib.Path, work: pathlib.Path, origin: Origin) -> None:
    """Write the SBOM of a copy of the project.

    :param work: a folder for the libraries, which is not there yet
    :raises Invalid: the result does not fit CycloneDX's schema.
    :raises subprocess.CalledProcessError: a library could not be installed.
    """
    # Without pip, because users do not get one from us.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", work], check=True)
    inside, requirements = str(work / "bin" / "python"), tree / "requirements.txt"
    pip = [sys.executable, "-m", "pip", "--python", inside, "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-qq", "-r", str(requirements)], check=True)
    # Without a serial number and a time, which would differ each time.
    command = ["cyclonedx-py", "environment", "--output-reproducible", "--output-format", "JSON"]
    listed = subprocess.run([*command, inside], check=True, stdout=subprocess.PIPE).stdout
    direct = re.findall(r"^([\w-]+)", requirements.read_text("utf-8"), flags=re.MULTILINE)
    galaxy = yaml.safe_load((tree / "galaxy.yml").read_text("utf-8"))
    text = json.dumps(with_collection(json.loads(listed), galaxy, direct, origin), indent=1)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong:
        raise Invalid(f"The SBOM does not fit CycloneDX's schema: {wrong}")
    target.write_text(f"{text}\n", "utf-8")


def with_collection(
    sbom: dict[str, Any], galaxy: dict[str, Any], direct: list[str], origin: Origin
) -> dict[str, Any]:
    """Return the SBOM of the libraries with the collection on top.

    :param galaxy: the values of galaxy.yml
    :param direct: the names of the libraries that the collection itself needs
    """
    name = f"{galaxy['namespace']}.{galaxy['name']}"
    reference = f"{name}=={galaxy['version']}"
    collection = {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": galaxy["version"],
        "description": galaxy["description"],
        "licenses": [{"license": {"id": licence}} for licence in galaxy["license"]],
        "supplier": {"name": origin.owner, "url": [origin.repository]},
        "externalReferences": [
            {"type": "vcs", "url": origin.repository},
            {"type": "documentation", "url": origin.documentation},
            {"type": "issue-tracker", "url": origin.issues},
            {
                "type": "security-contact",
                "url": origin.security if ":" in origin.security else f"mailto:{origin.security}",
            },
        ],
    }
    needed = sorted(it["bom-ref"] for it in sbom["components"] if it["name"] in direct)
    depends = {"ref": reference, "dependsOn": needed}
    return {
        **sbom,
        "metadata": {**sbom["metadata"], "component": collection},
        "dependencies": [depends, *sbom["dependencies"]],
    }
