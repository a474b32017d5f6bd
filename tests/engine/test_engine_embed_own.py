"""The user's own pictures and texts through pretrained encoders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from workbench.core.errors import Cancelled, DataError, LabError, WorkbenchError
from workbench.data.base import no_progress
from workbench.data.probe import guess_source
from workbench.data.texts import read_texts
from workbench.engine.embed_own import embed_pictures
from workbench.models.pretrained import PretrainedFile, load_pretrained
from workbench.models.text_encoders import (
    TextEncoder,
    TextEncoderFiles,
    find_text_encoders,
    load_text_encoder,
    mean_pooled,
    pooling_of,
)
from workbench.runs.embedding_set import EmbeddingSet

MODEL = "test_efficientnet"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> PretrainedFile:
    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("weights") / f"{MODEL}.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in timm.create_model(MODEL).state_dict().items()}, path)
    return PretrainedFile(MODEL, path)


def image_folder(root: Path, names: list[str], side: int = 80) -> Path:
    rng = np.random.default_rng(0)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (side, side, 3)).astype(np.uint8)).save(root / name)
    return root


NAMES = ["cat/1.png", "cat/2.png", "dog/1.png", "dog/größe.png", "dog/3.png"]


def test_a_folder_of_pictures_becomes_a_set_of_all_of_them_with_names_labels_and_pictures(
    tmp_path: Path, weights: PretrainedFile
) -> None:
    folder = image_folder(tmp_path / "pictures", NAMES)
    (folder / "dog" / "notes.txt").write_text("no picture")
    told = embed_pictures(tmp_path / "set", weights, guess_source(folder), None, CPU, no_progress)
    opened = EmbeddingSet.open(tmp_path / "set")
    assert (told.samples, told.width, told.skipped) == (5, opened.vectors.shape[1], 1)
    assert sorted(opened.samples["id"].to_pylist()) == sorted(NAMES)
    assert opened.samples["label"].to_pylist() == [name.split("/")[0] for name in opened.samples["id"].to_pylist()]
    assert opened.thumbnails.shape == (5, 64, 64, 3)
    assert opened.meta.title == f"pictures through {MODEL}"
    assert str(folder) in opened.meta.source
    assert str(weights.path) in opened.meta.source


def test_the_vectors_are_the_encoders_features_of_the_normalised_pictures(
    tmp_path: Path, weights: PretrainedFile
) -> None:
    side = load_pretrained(weights).size
    folder = image_folder(tmp_path / "pictures", NAMES, side=side)
    embed_pictures(tmp_path / "set", weights, guess_source(folder), None, CPU, no_progress)
    opened, loaded = EmbeddingSet.open(tmp_path / "set"), load_pretrained(weights)
    loaded.backbone.eval()
    for row, name in enumerate(opened.samples["id"].to_pylist()):
        pixels = np.asarray(Image.open(folder / name), np.float32) / 255
        normalised = (pixels - np.float32(loaded.mean)) / np.float32(loaded.std)
        with torch.no_grad():
            expected = loaded.backbone.features(torch.from_numpy(normalised.transpose(2, 0, 1))[None])[0].numpy()
        np.testing.assert_allclose(opened.vectors[row], expected, rtol=2e-3, atol=2e-4)


def test_one_split_can_be_chosen_and_a_wrong_one_names_those_there_are(tmp_path: Path, weights: PretrainedFile) -> None:
    folder = image_folder(tmp_path / "pictures", ["train/a/1.png", "train/a/2.png", "test/a/3.png"])
    data = guess_source(folder)
    assert embed_pictures(tmp_path / "all", weights, data, None, CPU, no_progress).samples == 3
    assert embed_pictures(tmp_path / "test", weights, data, "test", CPU, no_progress).samples == 1
    with pytest.raises(DataError, match=r"'val'.*train, test"):
        embed_pictures(tmp_path / "val", weights, data, "val", CPU, no_progress)


def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path: Path, weights: PretrainedFile) -> None:
    folder = image_folder(tmp_path / "pictures", NAMES)
    with pytest.raises(WorkbenchError, match="no embedding set"):
        embed_pictures(folder, weights, guess_source(folder), None, CPU, no_progress)
    assert (folder / NAMES[0]).exists()


def test_a_cancelled_embedding_leaves_nothing(tmp_path: Path, weights: PretrainedFile) -> None:
    def stop(share: float, words: str) -> None:
        if share > 0.5:
            raise Cancelled

    folder = image_folder(tmp_path / "pictures", NAMES)
    with pytest.raises(Cancelled):
        embed_pictures(tmp_path / "set", weights, guess_source(folder), None, CPU, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


# -- texts -------------------------------------------------------------------------------------------------------------


def test_a_text_file_is_one_text_a_line_with_its_line_number(tmp_path: Path) -> None:
    path = tmp_path / "größe.txt"
    path.write_bytes("\ufeffone\r\n\r\n  drei Äpfel \nfour".encode())
    read = read_texts(path)
    assert read.table.to_pydict() == {
        "id": ["1", "3", "4"], "text": ["one", "drei Äpfel", "four"], "label": [None, None, None],
    }  # fmt: skip
    assert read.empty == 1


def test_a_table_gives_its_text_column_labels_ids_and_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text('id,Review,class,stars\na,"good, really",pos,5\nb,,neg,1\nc,bad,neg,2\n')
    read = read_texts(path)
    assert read.table.to_pydict() == {
        "id": ["a", "c"], "text": ["good, really", "bad"], "label": ["pos", "neg"], "stars": [5, 2],
    }  # fmt: skip
    assert read.empty == 1


def test_ids_that_repeat_are_replaced_by_row_numbers(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,text\na,x\na,y\n")
    assert read_texts(tmp_path / "t.csv").table["id"].to_pylist() == ["1", "2"]


def test_a_table_with_several_text_columns_needs_a_choice(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("question,answer\nwhy,because\n")
    with pytest.raises(DataError, match="question, answer"):
        read_texts(tmp_path / "t.csv")
    assert read_texts(tmp_path / "t.csv", "answer").table["text"].to_pylist() == ["because"]
    with pytest.raises(DataError, match=r"'anser'.*'answer'"):
        read_texts(tmp_path / "t.csv", "anser")


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "holds no text"), (b" \n\n", "holds no text"), (b"a\0b", "not made of text")]
)
def test_a_file_without_texts_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "t.txt").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_texts(tmp_path / "t.txt")


def model_folder(folder: Path, config: dict, files: tuple[str, ...]) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    for name in files:
        (folder / name).write_bytes(b"")
    return folder


def test_text_encoders_are_folders_with_a_model_type_a_tokenizer_and_safetensors(tmp_path: Path) -> None:
    bert = {"model_type": "bert"}
    model_folder(tmp_path / "own", bert, ("model.safetensors", "vocab.txt"))
    snapshot = tmp_path / "models--org--mini-lm" / "snapshots" / "abc"
    model_folder(snapshot, bert, ("model.safetensors", "tokenizer.json"))
    model_folder(tmp_path / "pickled", bert, ("pytorch_model.bin", "vocab.txt"))
    model_folder(tmp_path / "vision", {"model_type": "vit"}, ("model.safetensors",))
    model_folder(tmp_path / "timm", {"architecture": "resnet18"}, ("model.safetensors", "vocab.txt"))
    found = {files.name: files.folder for files in find_text_encoders([tmp_path, tmp_path / "absent"])}
    assert found == {"org/mini-lm": snapshot, "own": tmp_path / "own"}


def test_pooling_is_what_sentence_transformers_wrote_and_the_mean_otherwise(tmp_path: Path) -> None:
    assert pooling_of(tmp_path) == "mean"
    (tmp_path / "1_Pooling").mkdir()
    for cls, pooling in ((True, "cls"), (False, "mean")):
        (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": cls}))
        assert pooling_of(tmp_path) == pooling


def test_mean_pooling_leaves_padding_out() -> None:
    state = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]])
    expected = torch.stack([state[0].mean(0), state[1, :2].mean(0), torch.zeros(4)])
    torch.testing.assert_close(mean_pooled(state, mask), expected)


def test_without_transformers_the_extra_is_named(tmp_path: Path) -> None:
    try:
        import transformers  # noqa: F401
    except ImportError:
        with pytest.raises(LabError, match=r"ssl-workbench\[text\]"):
            load_text_encoder(TextEncoderFiles("any", tmp_path), CPU)
    else:
        pytest.skip("transformers is installed")


@pytest.fixture
def tiny_bert(tmp_path: Path) -> TextEncoder:
    transformers = pytest.importorskip("transformers")
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    torch.manual_seed(0)
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    config = transformers.BertConfig(vocab_size=8, max_position_embeddings=16, **shape)
    transformers.BertModel(config).save_pretrained(folder)
    return load_text_encoder(TextEncoderFiles("tiny", folder), CPU)


def test_a_text_has_the_same_vector_alone_and_among_longer_ones(tiny_bert: TextEncoder) -> None:
    texts = ["a", "b c a b", "c c", "a b " * 40]
    together = tiny_bert.encode(texts)
    alone = np.concatenate([tiny_bert.encode([text]) for text in texts])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
    assert together.shape == (4, 8)
