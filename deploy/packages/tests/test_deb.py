"""The Debian package in a new root file system: install, upgrade, remove, purge."""

import re
import shutil
import stat

from roots import NAME, STATE, UNIT, run


def mode(path):
    found = path.lstat()
    return stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid


def versioned(deb, version, directory):
    """The same package with another version."""
    tree = directory / f"deb-{version}"
    run("dpkg-deb", "-R", deb, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, directory / f"{NAME}_{version}.deb")
    shutil.rmtree(tree)
    return directory / f"{NAME}_{version}.deb"


def test_metrics_show_the_counts_of_a_log_that_root_alone_can_read(service, expected):
    service.start()
    service.wait_for(expected)
    assert service.fetch("/-/ready")
    assert "level=error" not in service.stop()

    # The configuration files can be named as they are.
    *_, arguments = service.arguments()
    flags = f"--web.config.file /etc/{NAME}/web.yml --filter.file /etc/{NAME}/filter.yml"
    service.set_arguments(" ".join(arguments[3:]) + " " + flags)
    service.start()
    service.wait_for(expected)
    assert "Filter loaded" in service.stop()


def test_no_file_of_swift_is_installed(first_installation):
    assert not [path for path in first_installation.directory.rglob("*swift*") if "/usr/share/doc" not in str(path)]


def test_installation_enables_and_starts_the_service(first_installation):
    link = first_installation.path(f"etc/systemd/system/multi-user.target.wants/{UNIT}")
    assert link.is_symlink(), "the service does not start at boot"
    # Calls of other packages come first.
    assert first_installation.calls[-3:] == [f"preset {UNIT}", "daemon-reload", f"start {UNIT}"]


def test_the_service_is_a_user_without_home_and_shell(first_installation):
    line = first_installation.run("getent", "passwd", NAME).strip()
    assert line.endswith(":/nonexistent:/usr/sbin/nologin")


def test_root_and_the_service_alone_read_the_configuration(first_installation):
    _, group = first_installation.account()
    assert mode(first_installation.path(f"etc/{NAME}")) == (0o750, 0, group)
    for name in ("web.yml", "webhook.yml", "filter.yml"):
        assert mode(first_installation.path(f"etc/{NAME}/{name}")) == (0o640, 0, group), name


def test_an_upgrade_restarts_the_service_and_keeps_counters_flags_and_configuration(
    deb, directory, service, installed, expected
):
    filter = installed.path(f"etc/{NAME}/filter.yml")
    filter.write_text("filters: []\n")
    filter.chmod(0o600)
    arguments = service.arguments()
    service.start()
    service.wait_for(expected)
    installed.run("dpkg", "-i", installed.add(versioned(deb, "999.0.0-1", directory)))
    assert installed.systemctl_calls() == ["daemon-reload", f"restart {UNIT}"]

    service.stop()
    # Everything that was counted is gone from the log.
    installed.path("var/log/kubernetes/audit/audit.log").write_text("")
    service.start()
    service.wait_for(expected)
    assert service.arguments() == arguments
    assert filter.read_text() == "filters: []\n"
    assert mode(filter)[0] == 0o600


def test_an_upgrade_leaves_a_disabled_service_disabled(deb, directory, installed):
    link = installed.path(f"etc/systemd/system/multi-user.target.wants/{UNIT}")
    link.unlink()
    installed.run("dpkg", "-i", installed.add(versioned(deb, "999.0.1-1", directory)))
    assert not link.is_symlink()


def test_removal_keeps_state_and_configuration_and_purge_removes_them(service, installed, deb, expected):
    service.start()
    service.wait_for(expected)
    service.stop()
    account = installed.account()

    installed.run("apt-get", "remove", "-q", "-y", NAME)
    assert installed.systemctl_calls() == [f"stop {UNIT}", "daemon-reload"]
    assert not installed.path(f"usr/bin/{NAME}").exists()
    assert installed.path(f"{STATE}/state.db").exists()
    assert installed.path(f"etc/{NAME}/web.yml").exists()
    assert "127.0.0.1" in installed.path(f"etc/default/{NAME}").read_text()

    installed.run("apt-get", "purge", "-q", "-y", NAME)
    found = [path for path in installed.directory.rglob(f"*{NAME}*") if path.parent != installed.path("root")]
    assert found == [], "purge leaves files"
    assert installed.account() == account, "the user stays"

    # Another installation is a first one.
    installed.run("dpkg", "-i", f"/root/{deb.name}")
    assert mode(installed.path(f"etc/{NAME}"))[0] == 0o750
    assert installed.path(f"etc/systemd/system/multi-user.target.wants/{UNIT}").is_symlink()
    assert not installed.path(STATE).exists()
