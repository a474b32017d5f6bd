"""The lab's requests about what is in an embedding, on a small stored set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workbench.core.errors import Cancelled, DataError, LabError, RecipeError
from workbench.core.wire import Message
from workbench.engine.lab.listing import Listing
from workbench.engine.lab.point_metrics import POINT_METRICS
from workbench.engine.lab.server import Arrays, Request
from workbench.engine.lab.structure import STRUCTURE
from workbench.runs.embedding_meta import LayoutInfo
from workbench.runs.embedding_set import EmbeddingSet, add_layout, store_neighbours, write_embedding_set

ROWS = 90
HANDLERS = {handler.__name__: handler for handler in STRUCTURE}


def ask(name: str, /, **params: object) -> tuple[dict, Arrays]:
    head = {"id": 1, "name": name, "params": params}
    return HANDLERS[name](Request(Message(head, {}), lambda _message: None))


def planted() -> tuple[np.ndarray, list[str | None]]:
    """Three clusters of 30; row 5 has a wrong label, row 8 none, 20 and 21 are equal, 40 lies far out."""
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1, 2], 30)
    vectors = (rng.normal(size=(ROWS, 6)) * 0.2 + 3 * np.eye(6)[codes]).astype(np.float32)
    vectors[21], vectors[40] = vectors[20], 9
    labels: list[str | None] = [("cat", "dog", "fox")[code] for code in codes]
    labels[5], labels[8] = "fox", None
    return vectors, labels


def store(folder: Path, vectors: np.ndarray, **columns: object) -> str:
    table = pa.table({"id": [f"s{row}" for row in range(len(vectors))], **columns})
    write_embedding_set(folder, vectors, table)
    return str(folder)


@pytest.fixture
def set_(tmp_path: Path) -> str:
    vectors, labels = planted()
    return store(tmp_path / "set", vectors, label=pa.array(labels, pa.string()))


def check_listing(result: dict, arrays: Arrays) -> None:
    assert {"title", "words", "count"} <= set(result)
    assert arrays["rows"].dtype == np.int64
    for column in result["columns"]:
        assert set(column) == {"name", "title", "unit", "names"}
        assert arrays[column["name"]].shape == arrays["rows"].shape


@pytest.mark.parametrize("name", ["find_clusters", "centroids", "duplicates", "outliers", "suspects"])
def test_every_answer_is_a_listing_with_a_value_a_row_and_column(set_: str, name: str) -> None:
    check_listing(*ask(name, embeddings=set_))


def test_top_cuts_the_rows_and_keeps_their_count(set_: str) -> None:
    result, arrays = ask("outliers", embeddings=set_, top=4)
    assert result["count"] == ROWS
    assert len(arrays["rows"]) == len(arrays["lof"]) == 4


def test_clusters_are_named_by_label_and_have_a_code_for_every_row(set_: str) -> None:
    result, arrays = ask("find_clusters", embeddings=set_, method="kmeans", settings={"clusters": 3})
    assert sorted(name.split()[1] for name in result["names"]) == ["cat", "dog", "fox"]
    assert arrays["codes"].shape == (ROWS,)
    assert result["words"].startswith("3 clusters of the vectors by k-means.")


def test_clusters_of_a_layout_have_places_for_their_names(set_: str) -> None:
    xy = planted()[0][:, :2]
    add_layout(Path(set_), "flat", xy, np.ones(ROWS, np.float32), LayoutInfo(method="flat"))
    result, arrays = ask("find_clusters", embeddings=set_, layout="flat", settings={"min_cluster_size": 10})
    assert "of the layout flat by HDBSCAN" in result["words"]
    assert arrays["places"].shape == (len(result["names"]), 2)


def test_centroids_tell_the_distance_matrix_and_the_order(set_: str) -> None:
    result, arrays = ask("centroids", embeddings=set_)
    assert arrays["distance"].shape == (3, 3)
    assert sorted(arrays["order"].tolist()) == [0, 1, 2]
    assert result["silhouette"] > 0.5
    assert "of all points" in result["words"]


def test_duplicates_are_found_at_the_suggested_threshold_and_at_a_given_one(set_: str) -> None:
    result, arrays = ask("duplicates", embeddings=set_)
    assert arrays["rows"].tolist() == [20, 21]
    assert arrays["pairs"].tolist() == [[20, 21]]
    assert result["threshold"] == result["suggested"]
    wide, _ = ask("duplicates", embeddings=set_, threshold=2.0)
    assert wide["groups"] == 1
    assert "suggested" not in wide["words"]


@pytest.mark.parametrize("score", ["distance", "lof"])
def test_the_planted_outlier_comes_first(set_: str, score: str) -> None:
    _, arrays = ask("outliers", embeddings=set_, score=score, k=10)
    assert arrays["rows"][0] == 40


def test_suspects_list_wrong_labels_first_and_then_points_without(set_: str) -> None:
    result, arrays = ask("suspects", embeddings=set_, k=10)
    assert arrays["rows"].tolist()[:1] == [5]
    assert arrays["rows"].tolist()[-1] == 8
    names = result["columns"][1]["names"]
    assert names[arrays["suggested"][0]] == names[arrays["suggested"][-1]] == "cat"
    assert result["unlabelled"] == 1


@pytest.mark.parametrize("name", sorted(POINT_METRICS.keys() - {"loss"}))
def test_every_point_metric_of_any_set_has_a_number_a_row(set_: str, name: str) -> None:
    result, arrays = ask("point_metric", embeddings=set_, name=name, rows=[3], k=5)
    assert arrays["values"].shape == (ROWS,)
    assert arrays["values"].dtype == np.float32
    assert np.isfinite(arrays["values"]).sum() >= ROWS - 1
    assert result["title"]


def test_hubness_tells_its_skewness(set_: str) -> None:
    result, arrays = ask("point_metric", embeddings=set_, name="hubness", k=5)
    assert np.isfinite(result["skewness"])
    assert arrays["values"].mean() == 5


def test_neighbours_are_stored_once_and_again_when_more_are_asked_for(set_: str) -> None:
    ask("outliers", embeddings=set_, k=5)
    first = (Path(set_) / "neighbours.npy").stat().st_mtime_ns
    ask("suspects", embeddings=set_, k=30)
    assert (Path(set_) / "neighbours.npy").stat().st_mtime_ns == first
    ask("outliers", embeddings=set_, k=50)
    assert EmbeddingSet.open(Path(set_)).neighbours().index.shape == (ROWS, 50)


def test_approximate_neighbours_are_said(set_: str) -> None:
    ask("outliers", embeddings=set_)
    opened = EmbeddingSet.open(Path(set_))
    store_neighbours(Path(set_), opened.neighbours(), "approximate neighbours, recall 0.97 (500 sampled)")
    for name in ("outliers", "suspects", "duplicates"):
        assert ask(name, embeddings=set_)[0]["words"].endswith(
            "From approximate neighbours, recall 0.97 (500 sampled)."
        )
    assert "recall 0.97" in ask("point_metric", embeddings=set_, name="density")[0]["approximate"]


def test_damaged_neighbours_are_made_again(set_: str) -> None:
    (Path(set_) / "neighbours.npy").write_bytes(b"not an array")
    ask("outliers", embeddings=set_)
    assert EmbeddingSet.open(Path(set_)).neighbours() is not None


@pytest.mark.parametrize("whole", [True, False])
def test_comparison_finds_the_moved_sample_by_id(tmp_path: Path, set_: str, whole: bool) -> None:
    vectors, _ = planted()
    vectors[40], vectors[50] = vectors[41], [0, 0, 0, 0, 0, 5]
    order = np.random.default_rng(1).permutation(ROWS)[: ROWS if whole else ROWS - 10]
    order = order if 50 in order else np.append(order, 50)
    table = pa.table({"id": [f"s{row}" for row in order]})
    write_embedding_set(tmp_path / "other", vectors[order], table)
    result, arrays = ask("compare_sets", a=set_, b=str(tmp_path / "other"), k=10)
    check_listing(result, arrays)
    assert 50 in arrays["rows"][:3]
    np.testing.assert_array_equal(order[arrays["row_b"]], arrays["rows"])
    np.testing.assert_array_equal(arrays["kept_a"][order], arrays["kept_b"])
    assert result["matched"] == len(order)
    assert ("in one embedding alone" in result["words"]) is not whole


def test_unusable_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    vectors, labels = planted()
    vectors[2], vectors[3] = np.nan, 0
    folder = store(tmp_path / "spoilt", vectors, label=pa.array(labels, pa.string()))
    result, arrays = ask("outliers", embeddings=folder)
    assert not np.isin(arrays["rows"], [2, 3]).any()
    assert "2 points that are zero or not finite were left out" in result["words"]
    assert np.isnan(ask("point_metric", embeddings=folder, name="density")[1]["values"][[2, 3]]).all()


def test_fewer_points_than_k_are_said(tmp_path: Path) -> None:
    result, _ = ask("outliers", embeddings=store(tmp_path / "few", np.eye(4)), k=15)
    assert "all 3 others" in result["words"]


def test_many_integer_labels_are_classes(tmp_path: Path) -> None:
    vectors = np.random.default_rng(2).normal(size=(300, 4))
    folder = store(tmp_path / "many", vectors, label=np.arange(300) // 3)
    assert ask("centroids", embeddings=folder)[0]["count"] == 100


def test_one_class_is_said(tmp_path: Path) -> None:
    folder = store(tmp_path / "one", planted()[0], label=["cat"] * ROWS)
    result, _ = ask("centroids", embeddings=folder)
    assert result["silhouette"] is None
    assert "one class" in result["words"]
    assert ask("suspects", embeddings=folder)[0]["words"] == "One class has no suspects."


@pytest.mark.parametrize("name", ["suspects", "centroids"])
def test_a_set_without_labels_names_its_columns(tmp_path: Path, name: str) -> None:
    folder = store(tmp_path / "bare", planted()[0], split=["test"] * ROWS)
    with pytest.raises(DataError, match=r"no column 'label' with labels\. Its other columns are: split"):
        ask(name, embeddings=folder)


def test_a_column_of_nulls_or_of_fractions_is_refused(tmp_path: Path) -> None:
    columns = {"label": pa.nulls(ROWS, pa.string()), "size": np.linspace(0, 1, ROWS)}
    folder = store(tmp_path / "null", planted()[0], **columns)
    with pytest.raises(DataError, match="No sample has a value in the column 'label'"):
        ask("suspects", embeddings=folder)
    with pytest.raises(DataError, match="'size' holds numbers that are no classes"):
        ask("suspects", embeddings=folder, column="size")


def test_clusters_without_labels_are_named_by_their_texts(tmp_path: Path) -> None:
    texts = [f"{('meow', 'woof', 'yip')[row // 30]} number {row}" for row in range(ROWS)]
    folder = store(tmp_path / "texts", planted()[0], text=texts)
    result, _ = ask("find_clusters", embeddings=folder, settings={"min_cluster_size": 10})
    assert sorted(name.split(", ")[0] for name in result["names"]) == ["meow", "woof", "yip"]


@pytest.mark.parametrize(
    ("name", "params", "kind", "told"),
    [
        ("find_clusters", {"method": "kmean"}, LabError, "Did you mean 'kmeans'"),
        ("find_clusters", {"settings": {"min_cluster_size": 1}}, RecipeError, "min_cluster_size: 1 is not allowed"),
        ("find_clusters", {"settings": {"min_cluster_size": 100}}, DataError, "hold no cluster of 100"),
        ("outliers", {"k": 0}, DataError, "k = 0 neighbours"),
        ("outliers", {"k": 1001}, DataError, "Choose 1 to 1,000"),
        ("outliers", {"score": "far"}, LabError, "Choose distance or lof"),
        ("suspects", {"weighting": "rank"}, LabError, "Choose distance or equal"),
        ("duplicates", {"threshold": -1}, DataError, "-1.0 is no distance"),
        ("point_metric", {"name": "densitty"}, LabError, "Did you mean 'density'"),
        ("point_metric", {"name": "distance", "rows": [ROWS]}, DataError, f"no row {ROWS}"),
    ],
)
def test_a_wrong_wish_names_what_is_wrong(set_: str, name: str, params: dict, kind: type, told: str) -> None:
    with pytest.raises(kind, match=told):
        ask(name, embeddings=set_, **params)


def test_one_point_has_no_neighbours(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No point of this embedding has a neighbour"):
        ask("outliers", embeddings=store(tmp_path / "one", np.ones((1, 3))))


def test_a_cancelled_request_stops(set_: str) -> None:
    head = {"id": 1, "name": "outliers", "params": {"embeddings": set_}}
    request = Request(Message(head, {}), lambda _message: None)
    request.cancelled.set()
    with pytest.raises(Cancelled):
        HANDLERS["outliers"](request)
    assert not (Path(set_) / "neighbours.npy").exists()


def test_a_listing_without_rows_is_whole() -> None:
    result, arrays = Listing("Nothing", "None found.", np.empty(0, np.int64), ()).reply()
    assert result["count"] == 0
    assert arrays["rows"].shape == (0,)
