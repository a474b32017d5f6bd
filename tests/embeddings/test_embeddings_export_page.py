"""The map as a web page: whole, safe to fill with any words, and the same points as the layout."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from embeddings_export_sets import make_set, put_layout
from PIL import Image

from workbench.core.errors import RunError
from workbench.embeddings.exporters import page
from workbench.embeddings.exporters.export import Exported, export_set
from workbench.runs.embedding_set import EmbeddingSet, write_embedding_set

VOID = {"meta", "input"}


class Reader(HTMLParser):
    """Collects what elements with an id hold, every attribute, and checks that elements close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.attributes: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("id") or tag))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            name = self._open[-1][1]
            self.texts[name] = self.texts.get(name, "") + data

    def array(self, name: str, dtype: str) -> np.ndarray:
        return np.frombuffer(base64.b64decode(self.texts[name]), dtype)

    @property
    def facts(self) -> dict:
        return json.loads(self.texts["facts"])


def exported(folder: Path, **wishes: object) -> tuple[Reader, Exported]:
    out = folder.parent / "page.html"
    told = export_set(folder, "html", out, **wishes)
    return Reader(out.read_text(encoding="utf-8")), told


def test_the_points_of_the_page_are_those_of_the_layout(tmp_path: Path) -> None:
    opened = EmbeddingSet.open(make_set(tmp_path / "set", rows=100))
    read, told = exported(opened.folder)
    np.testing.assert_array_equal(read.array("places", "<f4").reshape(-1, 2), opened.layout("map").xy)
    np.testing.assert_array_equal(read.array("trust", "<f4"), opened.layout("map").trust)
    np.testing.assert_array_equal(read.array("rows", "<i4"), np.arange(100))
    assert told.size_bytes == (tmp_path / "page.html").stat().st_size


def test_rows_without_a_place_are_left_out_with_all_that_belongs_to_them(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "set", rows=20)
    opened = EmbeddingSet.open(folder)
    xy = opened.layout("map").xy.copy()
    xy[[4, 7], 1] = np.nan
    put_layout(folder, "map", xy)
    read, told = exported(folder, rows=[9, 7, 4, 2])
    assert read.array("rows", "<i4").tolist() == [9, 2]
    assert read.facts["ids"] == [opened.samples["id"][row].as_py() for row in (9, 2)]
    np.testing.assert_array_equal(read.array("places", "<f4").reshape(-1, 2), xy[[9, 2]])
    assert (told.rows, told.left_out) == (2, 2)
    assert [read.facts[name] for name in ("points", "asked", "of")] == [2, 4, 20]


def test_the_legend_counts_every_point_once(tmp_path: Path) -> None:
    opened = EmbeddingSet.open(make_set(tmp_path / "set", rows=100))
    read, _ = exported(opened.folder)
    names = [group["name"] for group in read.facts["groups"]]
    labels = [label or "no label" for label in opened.samples["label"].to_pylist()]
    assert [names[group] for group in read.array("groups", "u1")] == labels
    assert {group["name"]: group["count"] for group in read.facts["groups"]} == {
        name: labels.count(name) for name in set(labels)
    }
    assert len({group["colour"] for group in read.facts["groups"]}) == len(names)


def test_many_labels_share_the_last_entry_of_the_legend(tmp_path: Path) -> None:
    labels = [f"class {row // 2}" for row in range(600)] + ["class 0"]
    samples = pa.table({"id": [str(row) for row in range(601)], "label": labels})
    write_embedding_set(tmp_path / "set", np.ones((601, 2), np.float32), samples)
    put_layout(tmp_path / "set", "map", np.zeros((601, 2), np.float32))
    read, told = exported(tmp_path / "set")
    assert [read.facts["groups"][at]["name"] for at in (0, -1)] == ["class 0", "other labels"]
    assert len(read.facts["groups"]) == 201
    assert sum(group["count"] for group in read.facts["groups"]) == 601
    assert read.facts["labels"] == labels
    assert any("200 most frequent of 300" in note for note in told.notes)


def test_words_cannot_end_the_script_that_they_lie_in(tmp_path: Path) -> None:
    opened = EmbeddingSet.open(make_set(tmp_path / "set"))
    text_of = (tmp_path / "page.html").read_text
    read, _ = exported(opened.folder)
    assert read.facts["ids"] == opened.samples["id"].to_pylist()
    assert read.facts["labels"][2] == 'the "owl"'
    assert read.texts["title"] == read.texts["h1"] == read.facts["title"] == "A & B <test>"
    assert text_of(encoding="utf-8").count("</script>") == text_of(encoding="utf-8").count("<script")


def test_the_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    read, _ = exported(make_set(tmp_path / "set"))
    assert {name for name, _ in read.attributes}.isdisjoint({"src", "href", "action", "srcset"})
    assert not any(
        word in read.texts[name]
        for name in ("script", "style")
        for word in ("http:", "https:", "url(", "@import", "fetch(")
    )


def test_the_head_says_how_the_map_was_made(tmp_path: Path) -> None:
    read, _ = exported(make_set(tmp_path / "set"))
    told = {name: read.facts[name] for name in ("method", "parameters", "seed", "trust", "layout", "width")}
    assert told == {
        "method": "umap", "parameters": {"n_neighbors": 15}, "seed": 3, "trust": 0.5, "layout": "map", "width": 5,
    }  # fmt: skip


def test_a_layout_in_space_keeps_its_third_axis(tmp_path: Path) -> None:
    folder, xyz = make_set(tmp_path / "set"), np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    put_layout(folder, "space", xyz)
    read, _ = exported(folder, layout="space")
    assert read.facts["axes"] == 3
    np.testing.assert_array_equal(read.array("places", "<f4").reshape(-1, 3), xyz)


def test_the_page_does_not_tell_whose_machine_it_comes_from(tmp_path: Path) -> None:
    exported(make_set(tmp_path / "set"))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert "somewhere" not in text


def test_each_point_has_its_own_picture_in_the_sheet(tmp_path: Path) -> None:
    opened = EmbeddingSet.open(make_set(tmp_path / "set", rows=30, pictures=(12, 9)))
    thumbnails = np.zeros((30, 12, 9, 3), np.uint8) + np.arange(30, dtype=np.uint8)[:, None, None, None] * 8
    np.save(opened.folder / "thumbnails.npy", thumbnails)
    rows = [20, 3, 11, 29, 5]
    read, _ = exported(opened.folder, rows=rows)
    picture = read.facts["picture"]
    assert (picture["size"], picture["cell"], picture["across"]) == ([9, 12], [16, 16], 3)
    sprite = np.asarray(Image.open(io.BytesIO(base64.b64decode(read.texts["sprite"]))))
    for place, row in enumerate(rows):
        top, left = place // 3 * 16, place % 3 * 16
        assert np.abs(sprite[top : top + 12, left : left + 9].astype(int) - row * 8).max() <= 2


def test_pictures_shrink_and_then_go_so_that_the_page_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_set(tmp_path / "set", rows=60, pictures=(32, 32))
    monkeypatch.setattr(page, "MOST_BYTES", 60_000)
    read, told = exported(folder)
    assert max(read.facts["picture"]["size"]) < 32
    assert any("not 32x32" in note for note in told.notes)
    assert told.size_bytes <= 60_000
    (tmp_path / "page.html").unlink()
    monkeypatch.setattr(page, "MOST_BYTES", 25_000)
    read, told = exported(folder)
    assert "picture" not in read.facts
    assert any("60 pictures do not fit" in note for note in told.notes)


def test_a_map_needs_a_layout_and_a_choice_among_several(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "set")
    put_layout(folder, "other", np.zeros((8, 2), np.float32))
    with pytest.raises(RunError, match=r"several layouts: map, other"):
        exported(folder)
    for path in folder.glob("layout_*.npy"):
        path.unlink()
    with pytest.raises(RunError, match=r"no layout.*Project it first"):
        exported(folder)


def test_a_hundred_thousand_points_fit_one_page(tmp_path: Path) -> None:
    rows = 100_000
    samples = pa.table(
        {"id": [f"test/{row:06d}" for row in range(rows)], "label": [str(row % 10) for row in range(rows)]}
    )
    write_embedding_set(tmp_path / "set", np.ones((rows, 2), np.float16), samples)
    put_layout(tmp_path / "set", "map", np.random.default_rng(0).normal(size=(rows, 2)).astype(np.float32))
    read, told = exported(tmp_path / "set")
    assert told.size_bytes < 6_000_000
    assert len(read.array("groups", "u1")) == rows


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")
def test_the_script_of_the_page_is_well_formed(tmp_path: Path) -> None:
    read, _ = exported(make_set(tmp_path / "set"))
    (tmp_path / "script.js").write_text(read.texts["script"], encoding="utf-8")
    subprocess.run(["node", "--check", str(tmp_path / "script.js")], check=True, timeout=60)
