"""The Dockerfile makes the image of deploy/image/build, built by buildah on base images that are made here."""

import hashlib
import json
import os
import re
import shutil
import stat
from pathlib import Path

import pytest
from conftest import ROOT
from containers import run

DOCKERFILE = ROOT / "deploy/image/Dockerfile"


def tree(root):
    """Type, mode, owner and content of everything below a directory, by path."""
    result = {}
    for directory, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = Path(directory, name)
            about = path.lstat()
            if path.is_symlink():
                content = os.readlink(path)
            else:
                content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(about.st_mode) else None
            result[str(path.relative_to(root))] = (oct(about.st_mode), about.st_uid, about.st_gid, content)
    return result


@pytest.fixture
def buildah(tmp_path):
    """buildah as root, with a storage of its own and without a daemon."""
    if os.geteuid() != 0:
        pytest.skip("only root can run buildah without user namespaces")
    if not shutil.which("buildah"):
        pytest.skip("buildah is not installed")

    def command(driver, *arguments, **options):
        storage = ["--storage-driver", driver, "--root", tmp_path / driver, "--runroot", tmp_path / "run"]
        return run("buildah", *storage, *arguments, seconds=600, **options)

    # vfs copies all files for each layer, but works everywhere.
    try:
        command("overlay", "info")
        driver = "overlay"
    except AssertionError:
        driver = "vfs"
    yield lambda *arguments, **options: command(driver, *arguments, **options)
    command(driver, "umount", "--all")
    command(driver, "rm", "--all")
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        place = line.split()[1]
        if place.startswith(f"{tmp_path}/"):
            run("umount", place)
    shutil.rmtree(tmp_path / driver)


def base_image(buildah, directory):
    """Debian 12 with what the Dockerfile installs, so that its own installation has little to do."""
    root = directory / "debian.tar"
    packages = "binutils,ca-certificates,mmdebstrap,python3-minimal,python3"
    run(
        ROOT / ".ci/retry",
        "mmdebstrap",
        "--quiet",
        "--variant=apt",
        f"--include={packages}",
        "bookworm",
        root,
        seconds=600,
    )
    container = buildah("from", "scratch").strip()
    buildah("add", "--quiet", container, root)
    buildah("commit", "--quiet", container, "localhost/debian:12")
    root.unlink()
    return "localhost/debian:12"


def test_the_dockerfile_makes_the_same_files_and_configuration(image, buildah, tmp_path):
    context = tmp_path / "context"
    for name in (
        "VERSION",
        "LICENSE",
        *(f"deploy/image/{name}" for name in ("build", "archive.py", "rootfs.py", "sbom.py")),
    ):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, context / name)
    for name in ("usr/bin/kube-audit-exporter", "usr/share/doc/kube-audit-exporter"):
        target = context / "dist/root" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (image.root / name).is_dir() else shutil.copy)(image.root / name, target)
    labels = image.config["config"]["Labels"]
    arguments = {
        "EXPORTER": "dist",
        "DEBIAN_IMAGE": base_image(buildah, tmp_path),
        "REVISION": labels["org.opencontainers.image.revision"],
        "CREATED": labels["org.opencontainers.image.created"],
    }
    flags = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
    buildah(
        *["build", "--isolation", "chroot", "--pull-never", "--format", "oci", "--file", DOCKERFILE],
        *[*flags, "--tag", "localhost/kube-audit-exporter", context],
    )
    container = buildah("from", "localhost/kube-audit-exporter").strip()
    found = tree(Path(buildah("mount", container).strip()))
    assert found == tree(image.root)
    config = json.loads(buildah("inspect", "--type", "image", "localhost/kube-audit-exporter"))["OCIv1"]["config"]
    # buildah's own.
    config["Labels"].pop("io.buildah.version", None)
    assert config == image.config["config"]


def test_the_dockerfile_has_the_version_of_the_project():
    assert re.search(r"^ARG VERSION=(.+)$", DOCKERFILE.read_text(), re.MULTILINE)[1] == (
        (ROOT / "VERSION").read_text().strip()
    )
