"""Points coloured and filtered by their loss, which a real lab measures from a run's checkpoint."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from loss_runs import digits_recipe, untrained_run, write_digits

from workbench.gui.pages.explore.page import ExplorePage
from workbench.runs.embedding_meta import LayoutInfo
from workbench.runs.embedding_set import EmbeddingSet, add_layout

COUNT, WAIT_MS = 397, 90_000


@pytest.fixture(scope="module", autouse=True)
def _worker_started(desk):
    """The application's one worker thread lives as long as the application, which all tests here share."""
    desk.app.list_runs()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory) -> Path:
    """The embedding of a supervised run's checkpoint, with a layout."""
    place = tmp_path_factory.mktemp("digits")
    write_digits(place / "digits.npz")
    folder = untrained_run(place, digits_recipe(place / "digits.npz")).embedding_sets()[0][1]
    xy = np.asarray(EmbeddingSet.open(folder).vectors[:, :2], np.float32)
    add_layout(folder, "pca", xy, np.ones(COUNT, np.float32), LayoutInfo(method="pca", trust_mean=1.0))
    return folder


@pytest.fixture
def page(desk, qtbot):
    made = ExplorePage(desk)
    made.resize(920, 700)
    made.show()
    yield made
    settle(qtbot, made)
    desk.app.current = None
    for widget in (made, made.details):
        widget.close()
        widget.deleteLater()


def settle(qtbot, page) -> None:
    qtbot.wait(180)  # typing rests for 150 ms
    qtbot.waitUntil(page.settled, timeout=WAIT_MS)
    qtbot.wait(20)


def open_set(qtbot, page, folder: Path) -> None:
    page.open_path(folder)
    qtbot.waitUntil(lambda: page.desk.opened is not None and page.desk.opened.folder == folder, timeout=WAIT_MS)
    settle(qtbot, page)


def offered(page) -> list[str]:
    return [page.bar.colour.itemData(row) for row in range(page.bar.colour.count())]


def test_points_are_coloured_and_filtered_by_the_loss_that_the_lab_measures(page, qtbot, embedded):
    open_set(qtbot, page, embedded)
    bar, row = page.bar, offered(page).index("metric:loss")
    bar.colour.setCurrentIndex(row)
    bar.colour.activated.emit(row)
    qtbot.waitUntil(lambda: page.desk.explorer.state.colour == "loss", timeout=WAIT_MS)
    settle(qtbot, page)
    assert bar.colour.currentText() == "Loss (nat)"
    assert page.legend.content.ramp is not None
    values = np.asarray(page.desk.explorer.columns.column("loss"))
    assert values.shape == (COUNT,)
    assert values.mean() == pytest.approx(np.log(10), rel=0.2)
    middle = float(np.median(values))
    field = page.filter_bar.field
    field.setFocus()
    qtbot.keyClicks(field, f"loss > {middle:.4f}")
    settle(qtbot, page)
    shown = np.flatnonzero(page.map.cloud.visible)
    assert shown.tolist() == np.flatnonzero(values > round(middle, 4)).tolist()
    assert 150 < len(shown) < 250


def test_a_set_that_belongs_to_no_run_offers_no_loss(page, qtbot, embedded, tmp_path):
    shutil.copytree(embedded, tmp_path / "loose")
    open_set(qtbot, page, tmp_path / "loose")
    assert "metric:purity" in offered(page)
    assert "metric:loss" not in offered(page)
