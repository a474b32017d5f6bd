"""Pictures and texts from outside: prepared as those of the set were, through the encoder that made it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from workbench.core.errors import Cancelled, DataError, LabError, RunError, WorkbenchError
from workbench.core.wire import Message
from workbench.data.base import no_progress
from workbench.data.loading import load
from workbench.data.probe import guess_source
from workbench.engine import checkpoint
from workbench.engine.embed import embed_split, run_meta, write_embeddings
from workbench.engine.embed_own import embed_pictures, embed_texts
from workbench.engine.experiment import build_encoder, load_splits, place
from workbench.engine.lab.outside import encoder_of, is_unknown_text, picture_query, read_picture, text_query
from workbench.engine.lab.server import Request
from workbench.engine.lab.spaces import Space
from workbench.engine.lab.words import neighbours
from workbench.models.pretrained import PretrainedFile
from workbench.models.text_encoders import TextEncoderFiles, load_text_encoder
from workbench.plugins.catalogue import builtin_catalogue
from workbench.recipes.check import build
from workbench.recipes.models import Choice
from workbench.recipes.presets import find_document
from workbench.recipes.toml_io import write_toml
from workbench.runs.embedding_meta import SetMeta
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set
from workbench.runs.folder import RunFolder

MODEL = "test_efficientnet"
CPU = torch.device("cpu")
STEP, COUNT = 8, 300


@pytest.fixture(scope="module", autouse=True)
def _one_workspace(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        yield


class Wrapped(torch.nn.Module):
    def __init__(self, backbone: torch.nn.Module) -> None:
        super().__init__()
        self.backbone = backbone


def noise(side: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, side).astype(np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> PretrainedFile:
    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("weights") / f"{MODEL}.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in timm.create_model(MODEL).state_dict().items()}, path)
    return PretrainedFile(MODEL, path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run with a checkpoint, whose set holds the pictures of its test split; and a set of the same elsewhere."""
    recipe = build(find_document("demo"), builtin_catalogue())
    folder = RunFolder.create(tmp_path_factory.mktemp("runs"), "seen", write_toml(recipe))
    splits = load_splits(recipe.data, no_progress)
    encoder = build_encoder(recipe, splits.train)
    checkpoint.save(folder, Wrapped(encoder.backbone), checkpoint.TrainState(STEP, 0.0, 0.0, "", {}))
    embed_split(folder, STEP, encoder, splits.test, CPU, "abc")
    meta = run_meta(folder, STEP, splits.test, "abc", on="the test split")
    write_embeddings(folder.path.parent / "elsewhere", encoder, splits.test, CPU, meta)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, weights: PretrainedFile) -> Path:
    """A set of photographs of different sizes beside the folder they came from."""
    root = tmp_path_factory.mktemp("photos")
    (root / "pictures").mkdir()
    for number in range(6):
        picture = Image.fromarray(noise((12, 9 + number, 3), number)).resize((140 + 7 * number, 110))
        picture.save(root / "pictures" / f"{number}.jpg", quality=90)
    embed_pictures(root / "set", weights, guess_source(root / "pictures"), None, CPU, no_progress)
    return root


def answer(folder: Path, picture: Path) -> tuple[int, float, float]:
    """The nearest row, its distance, and that of the next one."""
    space = Space(folder)
    query, _ = picture_query(space, picture, no_progress)
    found = space.index("euclidean").nearest(query.vector, 2)
    size = float(np.linalg.norm(query.vector))
    return int(found.index[0]), float(found.distance[0]) / size, float(found.distance[1]) / size


def saved(folder: Path, pixels_CHW: np.ndarray) -> Path:
    path = folder / "sample.png"
    Image.fromarray(pixels_CHW[0] if len(pixels_CHW) == 1 else pixels_CHW.transpose(1, 2, 0)).save(path)
    return path


@pytest.mark.parametrize("row", [0, 77])
def test_a_sample_of_a_runs_set_saved_as_png_is_its_own_nearest(run: RunFolder, tmp_path: Path, row: int) -> None:
    test = load_splits(Choice(id="fashion-mnist-10k"), no_progress).test
    path = saved(tmp_path, test.batch(np.array([row])).fields["image"][0])
    for folder in (run.embeddings / f"step_{STEP:08d}", run.path.parent / "elsewhere"):
        nearest, distance, following = answer(folder, path)
        assert (nearest, distance < 1e-5, following > 1e-3) == (row, True, True)


def test_a_runs_old_set_that_names_no_encoder_is_asked_as_well(run: RunFolder, tmp_path: Path) -> None:
    other = RunFolder(Path(shutil.copytree(run.path, tmp_path / "moved")))
    meta = other.embeddings / f"step_{STEP:08d}" / "meta.json"
    document = json.loads(meta.read_text())
    assert document.pop("encoder")["path"] == str(run.path)
    meta.write_text(json.dumps(document))
    test = load_splits(Choice(id="fashion-mnist-10k"), no_progress).test
    nearest, distance, _ = answer(meta.parent, saved(tmp_path, test.batch(np.array([5])).fields["image"][0]))
    assert (nearest, distance < 1e-5) == (5, True)
    assert encoder_of(EmbeddingSet.open(meta.parent)).path == str(other.path)


def test_a_checkpoint_that_is_gone_is_told_with_those_there_are(run: RunFolder, tmp_path: Path) -> None:
    other = RunFolder(Path(shutil.copytree(run.path, tmp_path / "moved")))
    (other.checkpoints / f"step_{STEP:08d}").rename(other.checkpoints / "step_00000016")
    with pytest.raises(RunError, match=r"no whole checkpoint at step 8\..*There are: 16\."):
        answer(other.embeddings / f"step_{STEP:08d}", saved(tmp_path, noise((1, 28, 28), 0)))


def test_a_picture_of_an_own_set_is_its_own_nearest_as_file_and_as_saved_sample(photos: Path, tmp_path: Path) -> None:
    opened = EmbeddingSet.open(photos / "set")
    assert opened.meta.encoder is not None
    assert opened.meta.encoder.shape == (3, 110, 110)
    dataset = load(guess_source(photos / "pictures").with_params(test_share=0.0), "train", place(), no_progress)
    for row, name in enumerate(opened.samples["id"].to_pylist()):
        sample = saved(tmp_path, dataset.batch(np.array([row])).fields["image"][0])
        for path in (photos / "pictures" / name, sample):
            nearest, distance, following = answer(photos / "set", path)
            assert (nearest, distance < 1e-5, following > 1e-3) == (row, True, True)


def test_pictures_that_are_no_squares_are_prepared_in_their_own_shape(tmp_path: Path, weights: PretrainedFile) -> None:
    images = noise((5, 20, 31, 3), 3)
    np.save(tmp_path / "wide.npy", images)
    embed_pictures(tmp_path / "set", weights, guess_source(tmp_path / "wide.npy"), None, CPU, no_progress)
    for row, image in enumerate(images):
        nearest, distance, _ = answer(tmp_path / "set", saved(tmp_path, image.transpose(2, 0, 1)))
        assert (nearest, distance < 1e-5) == (row, True)


def test_the_answer_shows_what_the_encoder_saw(photos: Path) -> None:
    opened = EmbeddingSet.open(photos / "set")
    _, seen = picture_query(Space(photos / "set"), photos / "pictures" / opened.samples["id"][2].as_py(), no_progress)
    np.testing.assert_array_equal(seen, opened.thumbnails[2])


# -- the encoder -------------------------------------------------------------------------------------------------------


def test_the_encoder_stays_loaded_until_its_file_changes(photos: Path, weights: PretrainedFile, tmp_path: Path) -> None:
    from workbench.engine.lab import outside

    source = encoder_of(EmbeddingSet.open(photos / "set"))
    first, _ = outside._eye(source, no_progress)
    assert outside._eye(source, no_progress)[0] is first
    moved = source.replace(path=str(shutil.copy(weights.path, tmp_path / f"{MODEL}.safetensors")))
    second, _ = outside._eye(moved, no_progress)
    save_file({name: 2 * value for name, value in load_file(weights.path).items()}, tmp_path / f"{MODEL}.safetensors")
    assert second is not first
    with pytest.raises(LabError, match="not those that made this set"):
        outside._eye(moved, no_progress)


def test_weights_that_were_moved_are_found_by_name_and_else_their_place_is_told(
    photos: Path, weights: PretrainedFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    folder = Path(shutil.copytree(photos / "set", tmp_path / "set"))
    document = json.loads((folder / "meta.json").read_text())
    document["encoder"]["path"] = str(tmp_path / "gone.safetensors")
    (folder / "meta.json").write_text(json.dumps(document))
    picture = photos / "pictures" / "0.jpg"
    with pytest.raises(LabError, match=r"gone\.safetensors any more.*into .*weights"):
        answer(folder, picture)
    (tmp_path / "weights").mkdir()
    shutil.copy(weights.path, tmp_path / "weights")
    assert answer(folder, picture)[1] < 1e-5


def test_a_set_that_names_no_encoder_says_what_it_is_made_of(tmp_path: Path) -> None:
    write_embedding_set(tmp_path / "set", np.eye(4, dtype=np.float32), pa.table({"id": list("abcd")}), None,
                        SetMeta(source="vectors.csv"))  # fmt: skip
    with pytest.raises(LabError, match=r"made of vectors\.csv.*Embed your pictures"):
        answer(tmp_path / "set", saved(tmp_path, noise((3, 8, 8), 0)))


def test_an_encoder_of_another_width_is_refused(run: RunFolder, tmp_path: Path) -> None:
    meta = EmbeddingSet.open(run.path.parent / "elsewhere").meta
    write_embedding_set(tmp_path / "set", np.eye(4, dtype=np.float32), pa.table({"id": list("abcd")}), None, meta)
    with pytest.raises(LabError, match="those of this set have 4"):
        answer(tmp_path / "set", saved(tmp_path, noise((1, 28, 28), 0)))


def test_a_question_that_nobody_waits_for_any_more_ends(photos: Path) -> None:
    def stop(share: float, words: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        picture_query(Space(photos / "set"), photos / "pictures" / "0.jpg", stop)


# -- files -------------------------------------------------------------------------------------------------------------


def test_grey_cmyk_transparent_and_palette_pictures_are_read(tmp_path: Path) -> None:
    pixels = noise((16, 16, 3), 5)
    picture = Image.fromarray(pixels)
    for mode, ending in (("L", "png"), ("CMYK", "tif"), ("RGBA", "png"), ("P", "gif")):
        path = tmp_path / f"{mode}.{ending}"
        picture.convert(mode).save(path)
        images, notes = read_picture(path, (3, 16, 16))
        wanted = np.asarray(picture.convert(mode).convert("RGB")).transpose(2, 0, 1)[None]
        np.testing.assert_array_equal(images, wanted)
        assert notes == ()


def test_a_colour_picture_is_made_grey_for_a_set_of_grey_ones_and_that_is_said(tmp_path: Path) -> None:
    path = saved(tmp_path, noise((3, 28, 28), 1))
    images, notes = read_picture(path, (1, 28, 28))
    np.testing.assert_array_equal(images[0, 0], np.asarray(Image.open(path).convert("L")))
    assert notes == ("Its colours were left out, because the set has none.",)


def test_of_an_animation_the_first_picture_is_taken_and_that_is_said(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (0, 255)]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    images, notes = read_picture(tmp_path / "two.gif", (3, 8, 8))
    assert images.max() == 0
    assert notes == ("Of the animation the first picture was taken.",)


def test_files_that_are_no_picture_are_refused_with_the_reason(photos: Path, tmp_path: Path) -> None:
    whole = saved(tmp_path, noise((3, 64, 64), 2)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "notes.png").write_text("no picture")
    huge = Image.new("1", (30_000, 20_000))
    huge.save(tmp_path / "huge.png")
    for name, words in (
        ("cut.png", "cut.png is cut off"),
        ("notes.png", "is not an image"),
        ("huge.png", "more pixels than is safe"),
        ("absent.png", "There is no file"),
        ("", "There is no file"),
    ):
        with pytest.raises(DataError, match=words):
            picture_query(Space(photos / "set"), tmp_path / name, no_progress)


# -- texts -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of texts through a tiny encoder beside it."""
    transformers = pytest.importorskip("transformers")
    root = tmp_path_factory.mktemp("texts")
    (root / "tiny").mkdir()
    (root / "tiny" / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n")
    (root / "tiny" / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    torch.manual_seed(0)
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    transformers.BertModel(transformers.BertConfig(vocab_size=8, max_position_embeddings=16, **shape)).save_pretrained(
        root / "tiny"
    )
    (root / "lines.txt").write_text("a b\nb c a\nc c\n")
    embed_texts(root / "set", TextEncoderFiles("tiny", root / "tiny"), root / "lines.txt", "", CPU, no_progress)
    return root


def test_a_text_that_no_row_has_goes_through_the_sets_encoder(texts: Path) -> None:
    space = Space(texts / "set")
    assert is_unknown_text(space, {"text": "a c b"})
    query = text_query(space, "a c b", no_progress)
    expected = load_text_encoder(TextEncoderFiles("tiny", texts / "tiny"), CPU).encode(["a c b"])[0]
    np.testing.assert_allclose(query.vector, expected, rtol=1e-5, atol=1e-6)
    known = text_query(space, "b c a", no_progress)
    assert space.index("cosine").nearest(known.vector, 1).index[0] == 1


def test_the_lab_lists_what_is_nearest_to_a_text_that_no_row_has(texts: Path) -> None:
    params = {"embeddings": str(texts / "set"), "query": {"text": "c c c"}, "k": 2}
    request = Request(Message({"id": 1, "name": "neighbours", "params": params}), lambda message: None)
    result, arrays = neighbours(request)
    assert result["title"] == "Nearest to “c c c”"
    assert result["words"].endswith("No row has this text: the set's encoder has read it.")
    assert "row" not in result
    assert len(arrays["rows"]) == 2


@pytest.mark.parametrize("wanted", [{"text": "b c a"}, {"text": "B C A"}, {"row": 1}, {"text": " "}, {"rows": [1]}])
def test_texts_of_rows_and_rows_are_not_encoded(texts: Path, wanted: dict) -> None:
    assert not is_unknown_text(Space(texts / "set"), wanted)


def test_a_set_of_texts_reads_no_pictures(texts: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=r"made of texts by tiny.*Type a text"):
        answer(texts / "set", saved(tmp_path, noise((3, 8, 8), 0)))
