"""The command line: exit codes, messages, and one JSON document on standard output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from workbench.cli.main import main
from workbench.runs.folder import RunFolder
from workbench.runs.lock import holder as engine_of

QUICK = [
    "--set",
    "budget.unit=steps",
    "--set",
    "budget.amount=6",
    "--set",
    "training.batch_size=64",
    "--set",
    "evaluation.bank=300",
    "--set",
    "evaluation.test=100",
    "--device",
    "cpu",
]


@pytest.fixture
def workbench(tmp_path):
    environment = {**os.environ, "WORKBENCH_HOME": str(tmp_path / "home")}

    def run(*words, check=None):
        done = subprocess.run(
            [sys.executable, "-m", "workbench", *map(str, words)],
            capture_output=True,
            text=True,
            env=environment,
            timeout=240,
            check=False,
        )
        if check is not None:
            assert done.returncode == check, done.stderr
        return done

    run.environment = environment
    return run


@pytest.mark.parametrize("kind", ["datasets", "views", "objectives", "backbones", "projections", "presets", "plugins"])
def test_list_gives_one_json_document(capsys, kind):
    assert main(["list", kind, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)[kind]
    assert kind == "plugins" or all(row["id"] and row["title"] for row in rows)
    assert kind == "plugins" or rows


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("objective.temprature=0.2", "Did you mean 'temperature'"),
        ("objective.temperature=-1", "must be greater than 0"),
        ("objective.id=simclir", "Did you mean 'simclr'"),
        ("training.batch_size=many", "training.batch_size"),
        ("no-equals-sign", "no-equals-sign"),
    ],
)
def test_a_wrong_recipe_exits_2_with_one_message_and_no_traceback(capsys, override, words):
    assert main(["train", "simclr-fashion-mnist", "--set", override]) == 2
    out, err = capsys.readouterr()
    assert words in err
    assert "Traceback" not in err
    assert out == ""


def test_a_preset_that_does_not_exist_names_the_nearest(workbench):
    done = workbench("train", "simclr-fashion-mist", check=2)
    assert "'simclr-fashion-mnist'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_duration_that_is_none_is_refused(capsys):
    assert main(["train", "demo", "--time-limit", "soon"]) == 2
    assert "'soon' is not a duration" in capsys.readouterr().err


def test_a_run_is_trained_measured_embedded_projected_and_asked_for_neighbours(workbench, tmp_path):
    run, vectors = tmp_path / "run", tmp_path / "vectors"
    trained = json.loads(workbench("train", "simclr-fashion-mnist", *QUICK, "--run-dir", run, "--json", check=0).stdout)
    assert trained["state"] == "completed"
    assert trained["step"] == 6
    assert set(trained["floors"]) == {"raw pixels", "random init"}

    measured = json.loads(workbench("eval", run, "--knn", "--bank", 300, "--test", 100, "--json", check=0).stdout)
    assert measured["knn"] == pytest.approx(trained["knn"])
    assert measured["floors"] == pytest.approx(trained["floors"])
    assert json.loads(next((run / "evaluation").glob("knn_*.json")).read_text())["knn"] == measured["knn"]

    made = json.loads(
        workbench("embed", run, "--data", "fashion-mnist-10k", "--out", vectors, "--json", check=0).stdout
    )
    assert made["samples"] == 2000
    drawn = json.loads(workbench("project", vectors, "--method", "pca", "--json", check=0).stdout)
    assert drawn["layout"] == "pca"
    near = json.loads(workbench("neighbors", vectors, "--id", 5, "-k", 4, "--json", check=0).stdout)
    assert near["query"]["row"] == 5
    distances = [row["distance"] for row in near["neighbours"]]
    assert len(distances) == 4
    assert distances == sorted(distances)
    assert 5 not in [row["row"] for row in near["neighbours"]]

    assert "-5" in workbench("neighbors", vectors, "--id=-5", check=2).stderr
    assert "'tsn'" in workbench("project", vectors, "--method", "tsn", check=2).stderr
    wrong = workbench("project", vectors, "--method", "umap", "--set", "n_neighbours=5", check=2)
    assert "Did you mean 'n_neighbors'" in wrong.stderr
    assert "holds another recipe" in workbench("train", "simclr-fashion-mnist", "--run-dir", run, check=2).stderr


def test_commands_on_a_folder_that_is_no_run_say_so(workbench, tmp_path):
    (tmp_path / "empty").mkdir()
    done = workbench("eval", tmp_path / "empty", check=2)
    assert "Traceback" not in done.stderr
    assert "recipe" in done.stderr


def test_interrupting_saves_the_run_and_exits_130(workbench, tmp_path):
    run = tmp_path / "run"
    command = [
        sys.executable,
        "-m",
        "workbench",
        "train",
        "simclr-fashion-mnist",
        *QUICK,
        "--set",
        "budget.amount=100000",
        "--run-dir",
        str(run),
    ]
    # a shell starts its background jobs, and so perhaps this test, with SIGINT ignored
    child = subprocess.Popen(
        command,
        env=workbench.environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        end = time.monotonic() + 120
        while b'"metrics"' not in ((run / "events.jsonl").read_bytes() if (run / "events.jsonl").exists() else b""):
            assert time.monotonic() < end
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=90)
        assert child.returncode == 130
        assert list((run / "checkpoints").glob("step_*"))
    finally:
        child.kill()
        holder = engine_of(RunFolder(run))
        if holder is not None and holder.alive:
            os.kill(holder.pid, signal.SIGKILL)
