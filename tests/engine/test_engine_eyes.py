"""The lab's answers about an encoder, from a real lab process on a real checkpoint."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lab_asking import Ask, asking
from safetensors.torch import save_file

from workbench.core.errors import WorkbenchError
from workbench.engine import checkpoint
from workbench.engine.checkpoint import TrainState
from workbench.engine.experiment import build_encoder, build_learner, load_splits
from workbench.models.build import build_backbone
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.models import Choice, Recipe
from workbench.recipes.presets import load
from workbench.recipes.toml_io import write_toml
from workbench.runs.embedding_set import EmbeddingSet
from workbench.runs.folder import RunFolder

STEP = 7


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("eyes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(home))
        yield home


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load("simclr-fashion-mnist", builtin_catalogue())


@pytest.fixture(scope="module")
def run(home: Path, recipe: Recipe) -> RunFolder:
    """A run with the checkpoint of an encoder of another seed than the recipe's."""
    folder = RunFolder.create(home / "runs", "seen", write_toml(recipe))
    splits = load_splits(recipe.data, lambda share, words: None)
    learner = build_learner(recipe, splits, build_encoder(recipe.replace(seed=99), splits.train))
    checkpoint.save(folder, learner, TrainState(STEP, 1.0, "", {}))
    return folder


@pytest.fixture(scope="module")
def ask(home: Path) -> Iterator[Ask]:
    with asking(home / "lab.log") as ask:
        yield ask


@pytest.fixture
def params(run: RunFolder, recipe: Recipe) -> dict[str, Any]:
    return {
        "encoder": {"kind": "run", "run": str(run.path), "step": None},
        "data": recipe.data.model_dump(mode="json"),
        "views": recipe.views.model_dump(mode="json"),
        "samples": {"count": 12, "draw": 0},
        "seed": 0,
        "centred": True,
    }


def test_every_distortion_of_the_pipeline_has_a_curve_the_most_invariant_first(ask: Ask, params: dict) -> None:
    result, _ = ask("encoder_invariance", {**params, "operations": "pipeline"})
    assert {row["title"] for row in result["curves"]} == {"Random resized crop", "Horizontal flip", "Colour jitter"}
    levels = [row["level"] for row in result["curves"]]
    assert levels == sorted(levels, reverse=True)
    assert (result["encoder"], result["samples"], result["size"]) == (f"seen · step {STEP}", 12, 28)
    assert result["refused"] == {}


def test_an_answer_is_kept_and_given_again_at_once(ask: Ask, params: dict) -> None:
    wanted = {**params, "operations": "settings", "samples": {"count": 96, "draw": 1}}
    first, _ = ask("encoder_invariance", wanted)
    started = time.monotonic()
    again, _ = ask("encoder_invariance", wanted)
    assert again == first
    assert time.monotonic() - started < 0.5


def test_other_samples_of_the_same_number_give_other_values(ask: Ask, params: dict) -> None:
    one, _ = ask("encoder_invariance", {**params, "operations": "pipeline"})
    other, _ = ask("encoder_invariance", {**params, "operations": "pipeline", "samples": {"count": 12, "draw": 5}})
    assert one["different"] != other["different"]


def test_a_checkpoint_is_seen_through_its_own_weights_and_not_the_seeds(ask: Ask, params: dict, recipe: Recipe) -> None:
    document = recipe.document()
    plain = {"kind": "untrained", **{name: document[name] for name in ("backbone", "seed", "data", "views")}}
    trained, _ = ask("encoder_pairs", params)
    untrained, _ = ask("encoder_pairs", {**params, "encoder": plain})
    same, _ = ask("encoder_pairs", {**params, "encoder": {**plain, "seed": 99}})
    assert trained["positive_mean"] != pytest.approx(untrained["positive_mean"], abs=1e-6)
    assert trained["positive_mean"] == pytest.approx(same["positive_mean"], abs=1e-6)


def test_pairs_are_all_positive_and_all_negative_ones_of_two_views(ask: Ask, params: dict) -> None:
    result, arrays = ask("encoder_pairs", params)
    assert arrays["positive"].shape == (12,)
    assert arrays["negative"].shape == (12 * 11,)
    assert result["positive_mean"] == pytest.approx(float(arrays["positive"].mean()))
    assert result["alignment"] == pytest.approx(float((2 - 2 * arrays["positive"]).mean()), abs=1e-5)


def test_a_pipeline_of_one_view_is_drawn_twice(ask: Ask, params: dict) -> None:
    views = {**params["views"], "branches": [{**params["views"]["branches"][0], "count": 1}]}
    one, arrays = ask("encoder_pairs", {**params, "views": views})
    two, _ = ask("encoder_pairs", params)
    assert one["positive_mean"] == two["positive_mean"]
    assert float(arrays["positive"].max()) < 1


@pytest.fixture(scope="module")
def embeddings(ask: Ask, run: RunFolder) -> Path:
    result, _ = ask("embed_run", {"run": str(run.path), "step": STEP})
    return Path(result["embeddings"])


def on_map(params: dict, embeddings: Path, **more: Any) -> dict[str, Any]:
    return {**params, "embeddings": str(embeddings), "layout": "pca", "row": 3, "count": 5, **more}


def test_a_picture_lies_on_its_own_point_and_its_views_around_it(ask: Ask, params: dict, embeddings: Path) -> None:
    result, arrays = ask("views_on_map", on_map(params, embeddings))
    layout = EmbeddingSet.open(embeddings).layout("pca").xy
    assert result["exact"]
    assert arrays["xy"].shape == (6, 2)
    np.testing.assert_allclose(arrays["xy"][0], layout[3], atol=1e-3)
    assert (np.hypot(*(arrays["xy"][1:] - arrays["xy"][0]).T) > 1e-3).all()
    assert arrays["pictures"].shape == (6, 28, 28, 3)


def test_views_that_change_nothing_stay_with_their_original(ask: Ask, params: dict, embeddings: Path) -> None:
    still = {"branches": [{"name": "A", "count": 2, "ops": []}]}
    _, arrays = ask("views_on_map", on_map(params, embeddings, views=still))
    np.testing.assert_allclose(arrays["xy"], np.repeat(arrays["xy"][:1], 6, axis=0), atol=1e-4)
    np.testing.assert_allclose(arrays["similarity"], 1, atol=1e-5)


def test_a_pretrained_file_can_be_looked_through(ask: Ask, home: Path, params: dict) -> None:
    (home / "weights").mkdir()
    net = build_backbone(Choice(id="timm", name="test_efficientnet"), 160)
    weights = {name.removeprefix("net."): tensor.contiguous() for name, tensor in net.state_dict().items()}
    save_file(weights, home / "weights" / "test_efficientnet.safetensors")
    files, _ = ask("pretrained_encoders", {})
    row = next(row for row in files["files"] if row["name"] == "test_efficientnet")
    encoder = {"kind": "pretrained", **row}
    result, _ = ask("encoder_pairs", {**params, "encoder": encoder, "samples": {"count": 2, "draw": 0}})
    assert (result["encoder"], result["size"]) == ("test_efficientnet", 160)
    assert torch.tensor(result["alignment"]).isfinite()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"encoder": {"kind": "oracle"}}, "oracle"),
        ({"samples": {"count": 1, "draw": 0}}, "1 pictures cannot be compared"),
        ({"views": {"branches": [{"name": "A", "ops": [{"id": "blurr"}]}]}}, "blurr"),
    ],
)
def test_a_wrong_question_is_answered_with_what_is_wrong(ask: Ask, params: dict, change: dict, words: str) -> None:
    error = ask("encoder_pairs", {**params, **change})
    assert isinstance(error, WorkbenchError)
    assert words in str(error)


def test_a_step_without_checkpoint_names_those_there_are(ask: Ask, params: dict, run: RunFolder) -> None:
    error = ask("encoder_pairs", {**params, "encoder": {"kind": "run", "run": str(run.path), "step": 8}})
    assert "no whole checkpoint at step 8" in str(error)
    assert str(STEP) in str(error)


def test_a_row_beyond_the_set_is_refused(ask: Ask, params: dict, embeddings: Path) -> None:
    assert "no row 2000" in str(ask("views_on_map", on_map(params, embeddings, row=2000)))
