"""The files in dist/: what they contain, and what the distribution's own checkers say of them."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest
from roots import DIST, NAME, PACKAGES, PROJECT, UNIT, one, run, setting
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

TREE = DIST / "root"
BINARY = TREE / f"usr/bin/{NAME}"


@pytest.fixture(scope="module")
def unpacked(deb, directory):
    run("dpkg-deb", "-R", deb, directory / "deb")
    return directory / "deb"


def files(directory):
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_lintian_has_nothing_to_say(deb):
    found = run("lintian", "--allow-root", "--fail-on", "error,warning", deb)
    assert found == ""


def test_each_override_of_lintian_has_a_reason():
    lines = (PACKAGES / "deb/lintian-overrides").read_text().splitlines()
    for before, line in zip(["", *lines], lines):
        assert line.startswith("#") or before, line


def test_the_program_needs_no_library_of_swift_and_is_hardened():
    dynamic = run("readelf", "-d", BINARY)
    needed = re.findall(r"NEEDED.*\[(.*)\]", dynamic)
    assert needed and not [library for library in needed if re.search("swift|Foundation|dispatch", library)]
    assert "RUNPATH" not in dynamic and "RPATH" not in dynamic
    assert "BIND_NOW" in dynamic
    assert "Position-Independent Executable" in run("readelf", "-h", BINARY)
    assert "GNU_RELRO" in run("readelf", "-lW", BINARY)


def test_the_program_contains_no_path_of_the_machine_that_built_it():
    data = BINARY.read_bytes()
    for path in {str(PROJECT), os.path.expanduser("~") + "/", "/.build/checkouts/"}:
        assert path.encode() not in data, path


def test_symbols_belong_to_the_program(directory):
    archive = one(f"{NAME}-*-debug.tar.gz")
    build_id = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", BINARY))[1]
    name = f"usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    assert name in run("tar", "-tf", archive).splitlines()
    run("tar", "-C", directory, "-xf", archive)
    assert ".debug_info" in run("readelf", "-SW", directory / name)
    assert ".debug_info" not in run("readelf", "-SW", BINARY)
    shutil.rmtree(directory / "usr")


def test_the_tarball_has_the_files_of_the_package(unpacked, tarball, directory):
    run("tar", "-C", directory, "-xf", tarball)
    folder = directory / tarball.name.removesuffix(".tar.gz")
    packaging = {f"usr/share/doc/{NAME}/changelog.Debian.gz", f"usr/share/lintian/overrides/{NAME}"}
    package = {name: sum for name, sum in files(unpacked).items() if not name.startswith("DEBIAN/")}
    assert packaging < set(package)
    archive = files(folder)
    assert archive.pop("INSTALL.md") and archive.pop("LICENSE")
    assert archive == {name: sum for name, sum in package.items() if name not in packaging}
    shutil.rmtree(folder)


@pytest.mark.parametrize("part", ["alerts/filters", "alerts/runbooks", "dashboards", "alerts"])
def test_rules_runbooks_filters_and_dashboards_are_complete(part):
    source = {path.name for path in (PROJECT / part).iterdir() if path.is_file() and ".test." not in path.name}
    installed = {path.name for path in (TREE / f"usr/share/{NAME}" / part).iterdir() if path.is_file()}
    assert installed == {name for name in source if not name.startswith(".")}


def test_installed_rules_can_be_generated_for_another_threshold(directory):
    output = directory / "rules"
    output.mkdir()
    run(TREE / f"usr/share/{NAME}/alerts/generate", "--threshold", "10", "--output", output)
    assert "> 10" in (output / "access-scanning.rules.yaml").read_text()


def test_checksums_are_those_of_all_files():
    listed = {line.split()[1] for line in (DIST / "SHA256SUMS").read_text().splitlines()}
    assert listed == {path.name for path in DIST.iterdir() if path.is_file()} - {"SHA256SUMS"}
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=DIST)


def test_systemd_finds_no_fault_in_the_unit(directory):
    # The program and the manual page at the places that the unit names.
    text = (TREE / f"usr/lib/systemd/system/{UNIT}").read_text()
    text = text.replace(f"/usr/bin/{NAME}", str(BINARY)).replace(f"man:{NAME}(8)", "man:true(1)")
    (directory / UNIT).write_text(text)
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", directory / UNIT], capture_output=True, text=True
    )
    said = [line for line in (result.stdout + result.stderr).splitlines() if UNIT in line]
    assert result.returncode == 0 and said == []


def test_the_unit_is_hardened():
    """systemd's own measure of exposure, from 0 to 10, times 10."""
    run(
        "systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager",
        TREE / f"usr/lib/systemd/system/{UNIT}",
    )  # fmt: skip


def test_the_only_capability_reads_files():
    unit = (TREE / f"usr/lib/systemd/system/{UNIT}").read_text()
    assert setting(unit, "CapabilityBoundingSet") == setting(unit, "AmbientCapabilities") == "CAP_DAC_READ_SEARCH"
    assert setting(unit, "NoNewPrivileges") == "yes"
    for path in ("/etc/kubernetes", "/var/lib/etcd", "/etc/shadow"):
        assert f"-{path}" in setting(unit, "InaccessiblePaths").split()


def test_manual_page_describes_every_flag_of_every_command(directory):
    page = directory / f"{NAME}.8"
    page.write_bytes(gzip.decompress((TREE / f"usr/share/man/man8/{NAME}.8.gz").read_bytes()))
    result = subprocess.run(
        ["man", "--warnings", "--local-file", page], capture_output=True, text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MAN_KEEP_FORMATTING": ""},
    )  # fmt: skip
    assert result.returncode == 0 and result.stderr == ""
    text = result.stdout
    for command in ("serve", "scan", "backfill"):
        section = re.search(rf"(?ms)^COMMAND {command.upper()}$(.*?)^[A-Z]", text)[1]
        flags = set(re.findall(r"(?m)^  +(?:-h, )?(--[a-z0-9.-]+)", run(BINARY, command, "--help")))
        assert len(flags) > 5
        assert flags <= set(re.findall(r"--[a-z0-9.-]+[a-z]", section)), command


@pytest.mark.parametrize(
    ("path", "check"),
    [
        (f"usr/share/bash-completion/completions/{NAME}", ["bash", "-n"]),
        (f"usr/share/zsh/vendor-completions/_{NAME}", ["zsh", "-n"]),
        (f"usr/share/fish/vendor_completions.d/{NAME}.fish", ["fish", "--no-execute"]),
    ],
)
def test_completions_can_be_read_and_know_the_flags(path, check):
    run(*check, TREE / path)
    text = (TREE / path).read_text()
    for flag in ("audit.log", "storage.path", "since"):
        assert flag in text


def test_sbom_is_valid_and_names_all_that_is_linked(directory):
    path = one(f"{NAME}-*64.spdx.json")
    assert path.read_bytes() == (TREE / f"usr/share/doc/{NAME}/sbom.spdx.json").read_bytes()
    document = parse_file(str(path))
    assert [message.validation_message for message in validate_full_spdx_document(document)] == []

    packages = {package["name"]: package for package in json.loads(path.read_text())["packages"]}
    pins = json.loads((PROJECT / "Package.resolved").read_text())["pins"]
    for pin in pins:
        assert packages[pin["identity"]]["versionInfo"] == pin["state"]["version"]
    assert {"swift", "swift-foundation-icu", "libyaml", "libsimdjson14", "libc6"} <= set(packages)
    loaded = " ".join(package.get("comment", "") for package in packages.values())
    for library in re.findall(r"NEEDED.*\[(lib.*)\]", run("readelf", "-d", BINARY)):
        assert library in loaded


def test_sbom_of_the_image_is_valid():
    """deploy/image/tests compare it with the image."""
    document = parse_file(str(one(f"{NAME}-*.oci.spdx.json")))
    assert [message.validation_message for message in validate_full_spdx_document(document)] == []


def test_copyright_names_the_licence_of_everything_that_is_linked_in():
    text = (TREE / f"usr/share/doc/{NAME}/copyright").read_text()
    for pin in json.loads((PROJECT / "Package.resolved").read_text())["pins"]:
        assert pin["identity"].removesuffix(".swift") in text.lower(), pin["identity"]
    for part in ("Swift's standard library", "libdispatch", "ICU", "libyaml"):
        assert part in text


def test_another_packaging_of_the_same_binary_gives_the_same_tree(directory, tmp_path):
    """`make release-check` compares two builds in different directories, packages included."""
    binary = os.environ.get("BINARY") or PROJECT / f".build/release/{NAME}"
    run(PACKAGES / "build", "--binary", binary, "--output", tmp_path, "stage")

    def described(root):
        return {
            str(path.relative_to(root)): (path.lstat().st_mode, int(path.lstat().st_mtime)) for path in root.rglob("*")
        }

    assert files(tmp_path / "root") == files(TREE)
    assert described(tmp_path / "root") == described(TREE)
