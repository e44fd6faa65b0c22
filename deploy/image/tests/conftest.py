import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
# The chart's engine and its pods, and what builds the image.
sys.path[:0] = [str(HERE), str(ROOT / "deploy/tests"), str(ROOT / "deploy/image")]

import containers
from no_skips import pytest_sessionfinish


@dataclass
class Image:
    """An image, unpacked by umoci: its configuration, and its files as its users have them."""

    archive: Path
    config: dict
    root: Path


@pytest.fixture(scope="session")
def archive():
    """The archive under test, with this version: in the directory $DIST, else in dist/."""
    version = (ROOT / "VERSION").read_text().strip()
    path = Path(os.environ.get("DIST", ROOT / "dist")) / f"kube-audit-exporter-{version}-linux-amd64.oci.tar"
    if not path.exists():
        pytest.skip(f"{path} does not exist; run make packages")
    return path


@pytest.fixture(scope="session")
def image(archive, tmp_path_factory):
    directory = tmp_path_factory.mktemp("image")
    containers.run("skopeo", "copy", "--quiet", f"oci-archive:{archive}", f"oci:{directory}/layout:image")
    rights = [] if os.geteuid() == 0 else ["--rootless"]
    containers.run("umoci", "unpack", *rights, "--image", f"{directory}/layout:image", directory / "bundle")
    config = json.loads(containers.run("skopeo", "inspect", "--config", f"oci-archive:{archive}"))
    return Image(archive, config, directory / "bundle/rootfs")


@pytest.fixture
def runs_containers():
    if reason := containers.missing():
        pytest.skip(reason)
