"""What the project says of itself, held against the tree."""

import re
import tomllib

from pipeline.settings import PROJECT

CODE = ("bench", "expectations", "pipeline", "stack", "transforms", "web")


def test_every_package_of_the_tree_is_installed_and_no_other():
    listed = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        path.parent.relative_to(PROJECT).as_posix().replace("/", ".")
        for folder in CODE
        for path in (PROJECT / folder).rglob("__init__.py")
    }
    assert set(listed) == found


def test_the_readme_names_every_folder_of_the_tree():
    named = set(re.findall(r"^\| `(\w+)/` \|", (PROJECT / "README.md").read_text(), flags=re.MULTILINE))
    assert named >= {*CODE, "catalog", "dags", "plugins", "samples", "docker", "tests", "docs"}


def test_the_lock_holds_hashes_and_no_address():
    lock = (PROJECT / "requirements.lock").read_text()
    pinned = re.findall(r"^\S+==\S+", lock, flags=re.MULTILINE)
    assert len(pinned) > 100
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "://" not in lock
