"""pyproject.toml, environment.yml and the locks in requirements/ say the same."""

import pathlib
import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = pathlib.Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONDA_NAMES = {"lmdb": "python-lmdb"}  # where conda-forge calls a package otherwise
LOCKS = ["learner", "test", "virtualenv"]


def lock_lines(name):
    """Return what a lock installs, as written: ``numpy==2.4.6 ; python_full_version < '3.12'``."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return [line.rstrip(" \\") for line in text.splitlines() if re.match(r"[a-z0-9]", line)]


def asked_for(name):
    """Return the requirements that a lock was made from."""
    extras, groups = PROJECT["project"]["optional-dependencies"], PROJECT["dependency-groups"]
    if name == "virtualenv":
        asked = groups["virtualenv"]
    else:
        asked = PROJECT["project"]["dependencies"] + groups["build"]
    if name == "test":
        asked = asked + extras["test"] + extras["author"]
    return [Requirement(text) for text in asked if not text.startswith("cafe_edu[")]


def test_conda_users_get_what_pip_users_get():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *packages, pip, pip_part = environment["dependencies"]
    wanted = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    expected = {f"{CONDA_NAMES.get(r.name, r.name)}{r.specifier}" for r in wanted}
    expected.add(f"python{PROJECT['project']['requires-python']}")
    found = {str(Requirement(text)) for text in packages}
    assert found == expected
    assert (pip, pip_part) == ("pip", {"pip": ["-e ."]})
    assert environment["channels"] == ["conda-forge", "nodefaults"]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_fits_pyproject(name):
    locked = {}
    for line in lock_lines(name):
        pin = Requirement(line)
        locked.setdefault(canonicalize_name(pin.name), []).append(str(pin.specifier).removeprefix("=="))
    for wanted in asked_for(name):
        versions = locked.get(canonicalize_name(wanted.name), [])
        assert versions, f"requirements/{name}.txt lacks {wanted.name}; run: python make.py lock"
        assert all(wanted.specifier.contains(v) for v in versions), (
            f"requirements/{name}.txt has {wanted.name} {versions}, pyproject.toml wants {wanted.specifier}; "
            "run: python make.py lock"
        )


def test_a_learner_gets_the_versions_that_were_tested():
    assert set(lock_lines("learner")) <= set(lock_lines("test"))


def test_menus_for_authors_stay_out_of_the_learners_lab():
    names = {canonicalize_name(Requirement(line).name) for line in lock_lines("learner")}
    assert not names & {"jupytext", "nbgrader", "nbdime"}


@pytest.mark.parametrize("name", LOCKS)
def test_lock_has_hashes_and_no_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--(index-url|extra-index-url|find-links|trusted-host)", text, re.MULTILINE)
    for line in lock_lines(name):
        after = text.split(line, 1)[1].split("\n", 2)[1]
        assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", after), f"no hash after: {line}"


def test_the_protobuf_compiler_and_the_build_tool_are_what_pyproject_says():
    assert PROJECT["build-system"]["requires"] == PROJECT["dependency-groups"]["build"]
