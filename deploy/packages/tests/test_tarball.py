"""The tarball in a new root file system, with the commands of its INSTALL.md."""

import re
import shutil

import pytest
from conftest import service_in
from roots import NAME, STATE, Root, run


@pytest.fixture(scope="module")
def instructions(tarball):
    """The blocks of commands in INSTALL.md: libraries, try, install, remove."""
    text = run("tar", "-xOf", tarball, f"{tarball.name.removesuffix('.tar.gz')}/INSTALL.md")
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", text)
    assert len(blocks) == 4
    return blocks


def test_instructions_name_every_library(tarball, directory):
    folder = tarball.name.removesuffix(".tar.gz")
    run("tar", "-C", directory, "-xf", tarball)
    text = (directory / folder / "INSTALL.md").read_text()
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", directory / folder / f"usr/bin/{NAME}")))
    needed = {library for library in needed if not re.match(r"ld-linux|libc\.|libm\.", library)}
    assert {library for library in re.findall(r"lib[a-z_+0-9]+\.so\.\d+", text) if library in needed} == needed
    shutil.rmtree(directory / folder)


def test_commands_install_run_and_remove_it(base, directory, tarball, instructions, expected):
    libraries, _, install, remove = instructions
    root = Root.unpacked(base, directory / "tarball")
    before = {path for path in root.directory.rglob("*") if "/proc/" not in str(path)}
    assert libraries.startswith("apt-get install ")
    root.install(*libraries.replace("\\\n", "").split()[2:])
    root.systemctl_calls()
    archive = root.add(tarball)
    script = f"set -e\ntar -xf {archive}\ncd {tarball.name.removesuffix('.tar.gz')}\n"
    root.run("bash", "-c", script + install)
    calls = root.systemctl_calls()
    assert calls == ["daemon-reload", f"enable {NAME}"]

    services = service_in(root)
    service = next(services)
    service.start()
    service.wait_for(expected)
    next(services, None)

    assert root.path(f"{STATE}/state.db").exists()
    root.run("bash", "-c", "set -e\n" + remove)
    left = [
        path for path in root.directory.rglob(f"*{NAME}*") if path not in before and path.parent != root.path("root")
        and root.path("root") not in path.parents
    ]  # fmt: skip
    assert left == []
    assert root.account() is None
    shutil.rmtree(root.directory)
