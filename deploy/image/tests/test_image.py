"""What is in the image, by the programs that read images, and by the loader of the image itself."""

import gzip
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from conftest import ROOT
from containers import BINARY, run

VERSION = (ROOT / "VERSION").read_text().strip()
PREFIX = "org.opencontainers.image."


def files(image):
    """Every file and link of the image, but no directories, relative to its root."""
    for directory, _, names in os.walk(image.root):
        for name in names:
            yield Path(directory, name)


def members(archive):
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


def is_elf(path):
    return path.is_file() and not path.is_symlink() and path.open("rb").read(4) == b"\x7fELF"


def test_the_configuration_is_that_of_an_exporter(image):
    config = image.config["config"]
    assert (image.config["os"], image.config["architecture"]) == ("linux", "amd64")
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == [BINARY]
    assert config["Cmd"] == ["--audit.log=/var/log/kubernetes/audit/audit.log"]
    assert config["ExposedPorts"] == {"10403/tcp": {}}
    assert config["Volumes"] == {"/var/lib/kube-audit-exporter": {}}
    assert (config["WorkingDir"], config["StopSignal"]) == ("/", "SIGTERM")


def test_the_labels_are_those_of_the_image_specification(image):
    labels = image.config["config"]["Labels"]
    assert all(key.startswith(PREFIX) for key in labels)
    assert labels[PREFIX + "title"] == "kube-audit-exporter"
    assert labels[PREFIX + "version"] == VERSION
    assert labels[PREFIX + "licenses"] == "Apache-2.0"
    assert len(labels[PREFIX + "revision"]) >= 12
    assert labels[PREFIX + "created"] == image.config["created"]
    assert "audit logs" in labels[PREFIX + "description"]


def test_the_archive_holds_each_blob_under_its_digest_and_both_indexes(archive):
    content = members(archive)
    blobs = {name: data for name, data in content.items() if name.startswith("blobs/")}
    assert all(name == f"blobs/sha256/{hashlib.sha256(data).hexdigest()}" for name, data in blobs.items())
    (manifest,) = json.loads(content["index.json"])["manifests"]
    image = json.loads(blobs["blobs/" + manifest["digest"].replace(":", "/")])
    (docker,) = json.loads(content["manifest.json"])
    assert docker["RepoTags"] == [f"kube-audit-exporter:{VERSION}"]
    layers = ["blobs/" + layer["digest"].replace(":", "/") for layer in image["layers"]]
    assert docker["Layers"] == layers
    assert len(blobs) == len(layers) + 2
    config = json.loads(blobs[docker["Config"]])
    unpacked = ["sha256:" + hashlib.sha256(gzip.decompress(blobs[layer])).hexdigest() for layer in layers]
    assert config["rootfs"]["diff_ids"] == unpacked
    for transport in ("oci-archive", "docker-archive"):
        found = json.loads(run("skopeo", "inspect", f"{transport}:{archive}"))
        assert found["Labels"][PREFIX + "version"] == VERSION


def test_the_image_is_smaller_than_60_mib(archive, image):
    unpacked = sum(path.lstat().st_size for path in files(image))
    print(f"{archive.stat().st_size / 2**20:.1f} MiB compressed, {unpacked / 2**20:.1f} MiB unpacked")
    assert archive.stat().st_size < 60 * 2**20


def test_the_loader_finds_every_library_and_no_other_program_or_library_is_there(image, runs_containers):
    listed = run("chroot", image.root, "/lib64/ld-linux-x86-64.so.2", "--list", BINARY)
    assert "not found" not in listed
    used = {part for part in listed.split() if part.startswith("/")}
    assert len(used) > 15
    used = {(image.root / path.lstrip("/").replace("lib64/", "usr/lib64/")).resolve() for path in used}
    # Links in the image that are absolute point into the machine's own file system.
    used = {
        image.root / "usr/lib" / path.relative_to("/usr/lib") if path.is_relative_to("/usr") else path for path in used
    }
    used.add(image.root / BINARY.lstrip("/"))
    assert {path.name for path in files(image) if is_elf(path)} == {path.name for path in used}


def test_every_link_leads_to_a_file_of_the_image(image):
    for path in files(image):
        if path.is_symlink():
            target = Path(os.readlink(path))
            target = image.root / str(target).lstrip("/") if target.is_absolute() else path.parent / target
            assert target.exists(), f"{path} -> {os.readlink(path)}"


def test_no_shell_no_package_manager_and_nothing_that_gives_rights(image):
    executable = []
    for path in files(image):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH), path
            assert "security.capability" not in os.listxattr(path), path
            if mode & 0o111 and ".so" not in path.name:
                executable.append("/" + str(path.relative_to(image.root)))
    assert executable == [BINARY]


def test_only_the_state_belongs_to_the_user_and_only_it_can_be_written(image, runs_containers):
    state = image.root / "var/lib/kube-audit-exporter"
    for path in [*files(image), *(Path(directory) for directory, _, _ in os.walk(image.root))]:
        about = path.lstat()
        if path == state:
            assert (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (65532, 0, 0o770)
        else:
            assert (about.st_uid, about.st_gid) == (0, 0), path
            assert path.is_symlink() or not about.st_mode & 0o022, path


def test_scanners_find_the_package_and_the_version_of_each_library(image):
    status = image.root / "var/lib/dpkg/status.d"
    release = (image.root / "etc/os-release").read_text()
    assert "ID=debian" in release and 'VERSION_ID="12"' in release
    listed = set()
    for package in (path for path in status.iterdir() if path.suffix != ".md5sums"):
        control = dict(
            line.split(": ", 1) for line in package.read_text().splitlines() if line[:1].strip() and ": " in line
        )
        assert control["Package"] == package.name
        assert control["Version"] and control["Architecture"] in ("amd64", "all")
        copyright = image.root / "usr/share/doc" / package.name / "copyright"
        assert copyright.stat().st_size > 100
        for line in Path(f"{package}.md5sums").read_text().splitlines():
            digest, name = line.split(None, 1)
            path = image.root / name
            assert hashlib.md5(path.read_bytes()).hexdigest() == digest
            listed.add(path.resolve())
    libraries = {path.resolve() for path in files(image) if is_elf(path)} - {
        (image.root / BINARY.lstrip("/")).resolve()
    }
    assert len(libraries) > 15
    assert libraries <= listed


def test_the_sbom_names_what_is_in_the_image(archive, image):
    text = archive.with_suffix(".spdx.json").read_text()
    assert (image.root / "usr/share/doc/kube-audit-exporter/sbom.spdx.json").read_text() == text
    document = json.loads(text)
    assert document["spdxVersion"] == "SPDX-2.3"
    versions = {item["name"]: item["versionInfo"] for item in document["packages"]}
    installed = {}
    for path in (image.root / "var/lib/dpkg/status.d").iterdir():
        if path.suffix != ".md5sums":
            installed[path.name] = re.search(r"^Version: (.+)$", path.read_text(), re.MULTILINE)[1]
    assert len(installed) > 15
    assert installed.items() <= versions.items()
    # What is linked in, and the exporter itself.
    assert {"kube-audit-exporter", "swift", "swift-foundation", "grdb.swift", "yams"} <= set(versions)
    identifiers = [item["SPDXID"] for item in document["packages"]]
    assert len(set(identifiers)) == len(identifiers)
    for item in document["relationships"]:
        assert {item["spdxElementId"], item["relatedSpdxElement"]} <= {*identifiers, "SPDXRef-DOCUMENT"}


def test_the_authorities_are_those_of_debian(image):
    """GnuTLS reads one file; update-ca-certificates would have written it."""
    bundle = (image.root / "etc/ssl/certs/ca-certificates.crt").read_text()
    count = bundle.count("-----BEGIN CERTIFICATE-----\n")
    assert count > 100
    assert bundle.count("-----END CERTIFICATE-----\n") == count
    assert "----------BEGIN" not in bundle


def test_a_second_build_is_the_same_byte_for_byte(archive, image, tmp_path):
    created = image.config["created"]
    labels = image.config["config"]["Labels"]
    seconds = run("date", "--utc", f"--date={created}", "+%s").strip()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": seconds, "KUBE_AUDIT_REVISION": labels[PREFIX + "revision"]}
    build = [sys.executable, "-B", ROOT / "deploy/image/build", "--output", tmp_path]
    result = subprocess.run(
        [*build, "--stage", image.root],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    (second,) = tmp_path.glob("*.oci.tar")
    assert second.with_suffix(".spdx.json").read_bytes() == archive.with_suffix(".spdx.json").read_bytes()
    assert hashlib.sha256(second.read_bytes()).digest() == hashlib.sha256(archive.read_bytes()).digest(), result.stdout


def test_a_binary_that_needs_more_than_the_image_has_is_refused(tmp_path):
    """A library that no listed package has, and a program for another machine."""
    import rootfs

    builder = rootfs.RootBuilder([], "amd64")
    with pytest.raises(rootfs.RootError, match="no package has usr/lib64/ld-linux-x86-64.so.2; add its package"):
        builder.add_libraries(Path("/usr/bin/env").resolve().read_bytes(), "env")
    with pytest.raises(rootfs.RootError, match="env is for .*X86-64, not for arm64"):
        rootfs.RootBuilder([], "arm64").add_libraries(Path("/usr/bin/env").resolve().read_bytes(), "env")
