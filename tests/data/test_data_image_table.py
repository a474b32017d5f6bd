from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet
import pytest

from workbench.core.errors import DataError
from workbench.data.loading import load, splits
from workbench.recipes.models import Choice


@pytest.fixture
def pictures(tmp_path, save_image):
    for i in range(6):
        save_image(tmp_path / "pictures" / f"{i}.png", (40 * i, 0, 0))
    return tmp_path


def table_of(path, **settings) -> Choice:
    return Choice(id="image-table", path=str(path), **{"test_share": 0, **settings})


def test_csv_gives_images_labels_splits_and_metadata(pictures, place, pixels_of):
    rows = ["path,label,split,year"]
    rows += [f"pictures/{i}.png,{'ab'[i % 2]},{'test' if i > 3 else 'train'},{2000 + i}" for i in range(6)]
    (pictures / "list.csv").write_text("\n".join(rows))
    choice = table_of(pictures / "list.csv")
    assert splits(choice, place) == ("train", "test")
    test = load(choice, "test", place)
    assert test.table().to_pylist() == [
        {"id": "pictures/4.png", "label": "a", "split": "test", "year": 2004},
        {"id": "pictures/5.png", "label": "b", "split": "test", "year": 2005},
    ]
    assert pixels_of(test)[:, 0, 0, 0].tolist() == [160, 200]


def test_parquet_gives_the_same_as_csv(pictures, place):
    columns = {"path": [f"pictures/{i}.png" for i in range(6)], "label": [0, 1, 2, 0, 1, 2], "note": list("uvwxyz")}
    pyarrow.parquet.write_table(pa.table(columns), pictures / "list.parquet")
    lines = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    (pictures / "list.csv").write_text("\n".join(["path,label,note", *lines]))
    parquet, csv = (load(table_of(pictures / f"list.{kind}"), "train", place) for kind in ("parquet", "csv"))
    assert parquet.table().equals(csv.table())
    assert parquet.labels.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_and_byte_order_mark_of_spreadsheets_are_understood(pictures, place, delimiter):
    lines = [delimiter.join(("image", "class")), *(delimiter.join((f"pictures/{i}.png", "x")) for i in range(3))]
    (pictures / "list.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    assert load(table_of(pictures / "list.csv"), "train", place).info.classes == ("x",)


def test_columns_of_other_names_are_found_or_can_be_named(pictures, place):
    lines = ["photo,kind", *(f"pictures/{i}.png,{'ab'[i % 2]}" for i in range(4))]
    (pictures / "list.csv").write_text("\n".join(lines))
    assert load(table_of(pictures / "list.csv"), "train", place).labels is None
    named = load(table_of(pictures / "list.csv", label_column="kind"), "train", place)
    assert named.labels.tolist() == [0, 1, 0, 1]
    with pytest.raises(DataError, match=r"no column 'kid'.*Did you mean 'kind'"):
        load(table_of(pictures / "list.csv", label_column="kid"), "train", place)


def test_missing_files_and_empty_paths_are_skipped_with_their_reasons(pictures, place):
    (pictures / "list.csv").write_text("path,label\npictures/0.png,a\nlost.png,b\n,c\npictures/1.png,\n")
    data = load(table_of(pictures / "list.csv"), "train", place)
    reasons = sorted(item.reason for item in data.info.skipped)
    assert reasons == ["names no image", "there is no such file"]
    assert data.table()["label"].to_pylist() == ["a", None]
    assert data.labels.tolist() == [0, -1]


def test_metadata_called_like_our_own_columns_is_kept_under_another_name(pictures, place):
    (pictures / "list.csv").write_text("path,kind,id,label\npictures/0.png,a,77,x\npictures/1.png,b,78,y\n")
    rows = load(table_of(pictures / "list.csv", label_column="kind"), "train", place).table().to_pylist()
    assert rows[0] == {"id": "pictures/0.png", "label": "a", "split": "train", "id_": 77, "label_": "x"}


def test_image_listed_twice_has_two_ids(pictures, place):
    (pictures / "list.csv").write_text("path\npictures/0.png\npictures/0.png\n")
    ids = load(table_of(pictures / "list.csv"), "train", place).table()["id"].to_pylist()
    assert ids == ["pictures/0.png", "pictures/0.png (2)"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as a table"),
        (b"path,label\n", "lists no images"),
        (b"a,b\n1,2\n", "no column of image paths"),
        (b"path\n12\n", "not image paths"),
        (b"path,label\nx.png,\xff\xfe\n", "list.csv"),
        (b"path,label\nx.png\n", "cannot be read as a table"),
    ],
)
def test_table_that_lists_no_images_is_refused_in_words(tmp_path, place, content, words):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        load(table_of(tmp_path / "list.csv"), "train", place)


def test_parquet_that_is_none_is_refused_in_words(tmp_path, place):
    (tmp_path / "list.parquet").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read as a table"):
        load(table_of(tmp_path / "list.parquet"), "train", place)
