"""Every result has a module that shows it."""

import re
from importlib import import_module

import msgspec
import pytest

import dget.api
import dget.api.cache
from dget.cli import render, render_cache, render_files

OFFERED = [
    *(getattr(dget.api, name) for name in dget.api.__all__),
    *(
        found
        for module in (dget.api.cache, render_cache, render_files)
        for found in vars(module).values()
        if getattr(found, "__module__", "") == module.__name__
    ),
]
RESULTS = {found.__name__: found for found in OFFERED if isinstance(found, type) and issubclass(found, msgspec.Struct)}
# Those that others are made of are shown with them.
PARTS = {
    word
    for found in RESULTS.values()
    for hint in found.__annotations__.values()
    for word in re.findall(r"\w+", str(hint))
}


def test_results_are_found():
    assert {"PullResult", "VerifyResult", "Listing", "Diagnosis", "ArchiveCheck"} <= RESULTS.keys() - PARTS
    assert {"LayerPlan", "Finding", "FileList", "CacheFolder"} <= PARTS


@pytest.mark.parametrize("name", sorted((RESULTS.keys() - PARTS) | render._HOMES.keys()))
def test_each_is_shown_by_a_module_of_its_own(name):
    assert name in RESULTS
    home = import_module(f"dget.cli.{render._HOMES[name]}")
    assert callable(getattr(home, "text", None) or home.lines)
