"""`workbench figures` on a run folder as an engine leaves it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from workbench.cli.figures import classes_of
from workbench.cli.main import main
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.presets import load
from workbench.recipes.toml_io import write_toml
from workbench.runs.figures import read_figures, write_figures
from workbench.runs.folder import RunFolder
from workbench.runs.journal import JournalWriter


def a_run(parent, preset, **arrays):
    folder = RunFolder.create(parent, "run", write_toml(load(preset, builtin_catalogue())))
    for step in (0, 400) if arrays else ():
        write_figures(folder, step, arrays)
    return folder


@pytest.fixture
def swav(tmp_path):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (3, 4, 32, 32, 3), np.uint8)
    usage, before = rng.random(30, np.float32), rng.random((32, 30), np.float32)
    return a_run(tmp_path, "swav-cifar10", usage=usage, before=before, nearest=pictures)


def test_figures_writes_a_picture_of_each_figure_and_the_arrays_of_the_newest_step(swav, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["figures", str(swav.path), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["step"], told["steps"]) == (400, [0, 400])
    assert set(told["files"]) == {"arrays", "usage", "before", "nearest"}
    assert set(read_figures(out / "step_00000400.npz")) == {"usage", "before", "nearest"}
    for name in ("usage", "before", "nearest"):
        with Image.open(told["files"][name]) as picture:
            assert picture.format == "PNG"
            assert len(picture.convert("RGB").resize((64, 64)).getcolors(4096) or range(4096)) > 8


def test_figures_of_an_earlier_step_are_told_in_words(swav, tmp_path, capsys):
    assert main(["figures", str(swav.path), "--step", "0", "--out", str(tmp_path / "out")]) == 0
    assert "Figures of step 0 (2 steps are kept)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arrays", "options", "words"),
    [
        ({"similarity": np.eye(4, dtype=np.float32)}, ["--step", "390"], "Near it: 0, 400"),
        ({}, [], "has no figures"),
    ],
)
def test_figures_that_are_not_there_exit_2_with_the_way_out(tmp_path, capsys, arrays, options, words):
    folder = a_run(tmp_path, "simclr-fashion-mnist", **arrays)
    assert main(["figures", str(folder.path), *options, "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err


def test_figures_of_classes_are_named_by_the_classes_that_the_run_trained_with(tmp_path):
    folder = a_run(tmp_path, "supervised-cifar10", confusion=np.eye(3, dtype=np.float32))
    assert classes_of(folder) == ()
    with JournalWriter(folder.events) as journal:
        journal.emit("data", 0, train={"classes": ["cat", "dog", "frog"]})
    assert classes_of(folder) == ("cat", "dog", "frog")
    out = tmp_path / "out"
    assert main(["figures", str(folder.path), "--out", str(out)]) == 0
    named = (out / "step_00000400_confusion.png").read_bytes()
    folder.events.unlink()
    assert main(["figures", str(folder.path), "--out", str(out)]) == 0
    assert (out / "step_00000400_confusion.png").read_bytes() != named
