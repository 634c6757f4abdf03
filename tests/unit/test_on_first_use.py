"""Packages whose names load on first use."""

import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

import dget
from dget.on_first_use import on_first_use

PACKAGES = [
    "dget",
    "dget.api",
    "dget.archive",
    "dget.archive.layers",
    "dget.archive.readers",
    "dget.codec",
    "dget.config",
    "dget.engine",
    "dget.store",
]


@pytest.mark.parametrize("name", PACKAGES)
def test_every_name_that_a_package_offers_is_there_and_none_is_a_module_of_its(name):
    package = import_module(name)
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    for offered in package.__all__:
        assert getattr(package, offered) is not None
    assert modules.isdisjoint(package.__all__)


def test_another_name_is_an_attribute_error_as_in_any_module():
    load = on_first_use("dget.model", {".digest": ["Digest"]})
    assert load("Digest") is dget.model.Digest
    with pytest.raises(AttributeError, match="no attribute 'Digset'"):
        load("Digset")


@pytest.mark.parametrize(
    ("words", "spared"),
    [
        ("--help", ["dget.api.client", "dget.model", "dget.flow", "pycurl", "rich"]),
        ("tags localhost:1/x", ["dget.engine.doctor", "dget.archive.layers.tree", "dget.store.prune", "rich"]),
    ],
)
def test_a_command_loads_nothing_of_what_others_need(words, spared):
    program = (
        "import sys; from dget.cli.main import main; main(sys.argv[2:]); "
        "print(*set(sys.argv[1].split(',')) & set(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, ",".join(spared), *words.split()]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stderr
    assert told.splitlines()[-1] == ""
