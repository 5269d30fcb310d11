"""What the project says of itself, held against the tree."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain

from pipeline.settings import PROJECT

CODE = ("bench", "expectations", "pipeline", "stack", "transforms", "web")
LOCK = (PROJECT / "requirements.lock").read_text()


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


def test_every_package_that_the_code_imports_is_declared_and_the_lock_says_so():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    declared = {canonical(re.match(r"[\w.-]+", each)[0]) for each in asked}
    homes = packages_distributions()
    found = {name: homes[name] for name in imported() - set(CODE) if name in homes}
    assert len(found) > 20
    assert {name for name, dists in found.items() if not declared & set(map(canonical, dists))} == set()
    locked = re.findall(
        r"^([\w.-]+)(?:\[[^\]]*\])?==(?:(?!^\S).)*?meterbridge \(", LOCK, flags=re.MULTILINE | re.DOTALL
    )
    assert set(map(canonical, locked)) == declared


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def imported():
    """The first names of all modules that the code imports."""
    files = [path for folder in (*CODE, "dags", "plugins") for path in (PROJECT / folder).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names}


def test_the_lock_holds_hashes_and_no_address():
    pinned = re.findall(r"^\S+==\S+", LOCK, flags=re.MULTILINE)
    assert len(pinned) > 100
    assert LOCK.count("--hash=sha256:") >= len(pinned)
    assert "://" not in LOCK
