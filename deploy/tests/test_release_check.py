"""deploy/release-check in a small repository, whose Makefile plays what the steps build and test."""

import shutil
import subprocess
from pathlib import Path

import pytest
from engines import DEPLOY, run

# `packages` writes the same file in each clone, `test` fails if the repository has the file `broken`.
MAKEFILE = """\
packages:
\tmkdir -p dist/root && cp VERSION dist/version && ln -s /nowhere dist/root/link
test:
\ttest ! -e broken
test-deploy test-packages torture flood:
\techo $@
"""


@pytest.fixture
def project(tmp_path):
    """A repository that is ready for a release."""
    root = tmp_path / "project"
    files = {
        "VERSION": "1.2.3\n",
        "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2026-11-30\n- All.\n\n## 1.2.2 - 2026-11-01\n",
        "README.md": "apt install ./kube-audit-exporter_1.2.3-1_amd64.deb\n",
        "Makefile": MAKEFILE,
        ".gitignore": "dist/\n",
        "deploy/helm/kube-audit-exporter/Chart.yaml": "name: kube-audit-exporter\nversion: 1.2.3\nappVersion: 1.2.3\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copy(DEPLOY / "release-check", root / "deploy/release-check")
    run("git", "init", "--quiet", root)
    commit(root)
    return root


def commit(root):
    run("git", "-C", root, "add", "--all")
    run("git", "-C", root, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "test")


def check(root, *arguments):
    """The status, and both outputs."""
    result = subprocess.run(
        [root / "deploy/release-check", *arguments], capture_output=True, text=True, timeout=60, cwd="/"
    )
    return result.returncode, result.stdout + result.stderr


def table(output):
    """The result of each step in the table at the end."""
    rows = output.split("seconds\n")[1].splitlines()
    return {row.split()[0]: row[15:27].strip() for row in rows if len(row.split()) in (2, 3)}


def test_all_steps_pass_and_the_compared_files_are_kept(project):
    status, output = check(project)
    assert (status, set(table(output).values())) == (0, {"passed"}), output
    assert list(table(output)) == [
        "versions",
        "test",
        "test-deploy",
        "packages",
        "test-packages",
        "torture",
        "flood",
    ]
    assert (project / "dist/version").read_text() == "1.2.3\n"
    assert (project / "dist/root/link").is_symlink()
    assert "1 files are identical" in output


def test_it_stops_at_the_first_failure_unless_told_otherwise(project):
    (project / "broken").write_text("")
    commit(project)
    status, output = check(project, "torture", "test", "flood")
    assert (status, table(output)) == (1, {"test": "failed", "torture": "not run", "flood": "not run"}), output
    status, output = check(project, "torture", "test", "flood", "--keep-going")
    assert (status, table(output)) == (1, {"test": "failed", "torture": "passed", "flood": "passed"}), output
    assert "A release needs these steps too: versions" in output


def test_builds_that_differ_fail_with_the_names_of_the_files(project):
    recipe = "packages:\n\tmkdir -p dist && pwd > dist/path && echo same > dist/same\n"
    (project / "Makefile").write_text(recipe)
    commit(project)
    status, output = check(project, "packages")
    assert status == 1
    assert "path: differs" in output and "same:" not in output, output
    kept = output.split("Both are kept in ")[1].splitlines()[0]
    shutil.rmtree(kept)
    assert not (project / "dist").exists()


def test_a_build_that_fails_leaves_its_clone(project):
    (project / "Makefile").write_text("packages:\n\tfalse\n")
    commit(project)
    status, output = check(project, "packages")
    assert status == 1
    clone = Path(output.split("its clone is kept in ")[1].splitlines()[0])
    assert clone.name == "build-1" and (clone / "VERSION").exists()
    shutil.rmtree(clone.parent)


# What is wrong, the file and its text, and what the output must say.
WRONG = {
    "a change without a version": ("CHANGELOG.md", "## Unreleased\n- New.\n\n## 1.2.3 - 2026-11-30\n", "Unreleased"),
    "no section for the version": ("CHANGELOG.md", "## 1.2.2 - 2026-11-01\n", "the newest section is '1.2.2"),
    "a section without a date": ("CHANGELOG.md", "## 1.2.3\n", "expected '1.2.3 - YYYY-MM-DD'"),
    "an empty changelog": ("CHANGELOG.md", "# Changelog\n", "the newest section is 'missing'"),
    "a version with a suffix": ("VERSION", "1.2.3-rc\n", "not of the form"),
    "a chart of another version": (
        "deploy/helm/kube-audit-exporter/Chart.yaml",
        "version: 1.2.3\nappVersion: 1.2.2\n",
        "Chart.yaml: appVersion is 1.2.2",
    ),
    "an old version in the instructions": ("README.md", "image: kube-audit-exporter:1.2.2\n", "names version 1.2.2"),
}


@pytest.mark.parametrize("case", WRONG)
def test_versions_that_disagree_are_named(project, case):
    name, text, message = WRONG[case]
    (project / name).write_text(text)
    commit(project)
    status, output = check(project, "versions")
    assert status == 1
    assert message in output


def test_a_change_that_is_not_committed_is_named(project):
    (project / "new").write_text("")
    status, output = check(project, "versions")
    assert status == 1
    assert "not committed:\n?? new" in output


def test_a_version_that_was_released_on_another_commit_is_named(project):
    run("git", "-C", project, "tag", "v1.2.3")
    assert check(project, "versions")[0] == 0
    (project / "new").write_text("")
    commit(project)
    status, output = check(project, "versions")
    assert status == 1
    assert "the tag v1.2.3 is on another commit" in output


def test_an_unknown_step_is_an_error_with_the_names_of_the_steps(project):
    status, output = check(project, "tests")
    assert status == 2
    assert "unknown step tests" in output and "test-packages" in output
