"""The pipeline editor of the Views page by mouse and keyboard: cards, gallery, branches, presets, strength, costs."""

from __future__ import annotations

import copy

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from workbench.gui.pages.objective.needs import needs_of
from workbench.gui.pages.views.pipeline.costs import Costs, kept
from workbench.gui.pages.views.pipeline.editor import PipelineEditor
from workbench.gui.pages.views.pipeline.gallery import OperationGallery
from workbench.gui.pages.views.words import strength_words, view_titles, views_of
from workbench.plugins.catalogue import Entry, builtin_catalogue
from workbench.plugins.specs import OperationSpec

LEFT = Qt.MouseButton.LeftButton
LAB_MS = 60_000
CROP, FLIP, JITTER, GREY, NORMALISE = ((0, position) for position in range(5))
CIFAR = ["random_resized_crop", "horizontal_flip", "colour_jitter", "greyscale", "normalize"]


@pytest.fixture
def pipeline(desk, qtbot):
    """The editor with SimCLR's views for CIFAR on the bundled grey pictures."""
    desk.app.editor.choose("data", "fashion-mnist-10k")
    desk.app.editor.choose("objective", "simclr")
    desk.app.editor.use_views_preset("simclr-cifar")
    made = PipelineEditor(desk)
    desk.changed.connect(lambda _topic: made.refresh())
    made.resize(496, 577)
    made.show()
    made.refresh()
    qtbot.wait(10)
    yield made
    desk.changed.disconnect()
    made.close()
    made.deleteLater()


@pytest.fixture
def gallery(pipeline, qtbot):
    """The gallery for the first branch, with its pictures."""
    pipeline.picker.data_ready = True
    click(qtbot, pipeline.sections[0].add)
    opened = pipeline.picker.gallery
    last = opened.grid.tiles()[-1].id
    qtbot.waitUntil(lambda: opened.grid.has_picture(last), timeout=LAB_MS)
    yield opened
    if pipeline.picker.gallery is not None:
        opened.reject()


def click(qtbot, widget) -> None:
    qtbot.mouseClick(widget, LEFT)
    qtbot.wait(10)


def ids(pipeline, number=0) -> list[str]:
    return [op["id"] for op in branch(pipeline, number)["ops"]]


def branch(pipeline, number) -> dict:
    return pipeline.app.editor.value(f"views.branches.{number}")


def one_undo_gives(pipeline, before: dict) -> bool:
    """Whether taking one step back leads to a former document; the step is done again afterwards."""
    pipeline.app.editor.undo()
    same = pipeline.app.editor.document == before
    pipeline.app.editor.redo()
    return same


def drag(card, to: QPoint, release=True) -> None:
    """Press on a card's grip, move to a global point, let go."""
    start = card.grip.mapTo(card, card.grip.rect().center())
    end = card.mapFromGlobal(to)
    QTest.mousePress(card, LEFT, pos=start)
    QTest.mouseMove(card, start + QPoint(0, 15))
    QTest.mouseMove(card, end)
    if release:
        QTest.mouseRelease(card, LEFT, pos=end)


# -- cards ---------------------------------------------------------------------------------------------------------


def test_seven_folded_cards_fit_a_page_of_a_small_window(qtbot, pipeline):
    pipeline.app.editor.use_views_preset("simclr-imagenet")
    pipeline.add(0, pipeline.app.catalogue.get("operation", "greyscale"))
    pipeline.cards[0, 5].fold.click()
    qtbot.wait(20)
    assert len(pipeline.cards) == 7
    assert not any(card.is_open() for card in pipeline.cards.values())
    last = pipeline.cards[0, 6]
    assert last.mapTo(pipeline, last.rect().bottomLeft()).y() <= pipeline.height()


def test_unfolding_a_card_folds_the_one_before(qtbot, pipeline):
    click(qtbot, pipeline.cards[CROP].fold)
    click(qtbot, pipeline.cards[JITTER].fold)
    assert [card.is_open() for card in pipeline.cards.values()] == [False, False, True, False, False]


def test_a_click_on_the_title_unfolds_too(qtbot, pipeline):
    card = pipeline.cards[FLIP]
    qtbot.mouseClick(card, LEFT, pos=card.title.mapTo(card, card.title.rect().center()))
    assert card.is_open()


def test_a_card_dragged_over_others_lands_where_the_mark_was(qtbot, pipeline):
    before = pipeline.app.editor.document
    crop, grey = pipeline.cards[CROP], pipeline.cards[GREY]
    below = grey.mapToGlobal(QPoint(40, grey.height() - 4))
    drag(crop, below, release=False)
    assert pipeline.mark.isVisible()
    gap = pipeline.mark.mapToGlobal(pipeline.mark.rect().center()).y()
    assert grey.mapToGlobal(grey.rect().bottomLeft()).y() <= gap
    assert gap <= pipeline.cards[NORMALISE].mapToGlobal(QPoint(0, 0)).y()
    QTest.mouseRelease(crop, LEFT, pos=crop.mapFromGlobal(below))
    assert ids(pipeline) == [*CIFAR[1:4], "random_resized_crop", "normalize"]
    assert not pipeline.mark.isVisible()
    assert one_undo_gives(pipeline, before)
    assert pipeline.app.editor.undo_words == "move Random resized crop"


def test_escape_gives_a_drag_up(qtbot, pipeline):
    card = pipeline.cards[CROP]
    drag(card, pipeline.cards[GREY].mapToGlobal(QPoint(40, 30)), release=False)
    qtbot.keyClick(card, Qt.Key.Key_Escape)
    assert not pipeline.mark.isVisible()
    QTest.mouseRelease(card, LEFT, pos=QPoint(5, 5))
    assert ids(pipeline) == CIFAR


def test_a_drag_held_at_the_lower_edge_scrolls_on(qtbot, pipeline):
    pipeline.resize(496, 300)
    qtbot.wait(20)
    card = pipeline.cards[CROP]
    pipeline.verticalScrollBar().setValue(0)
    drag(card, pipeline.mapToGlobal(QPoint(60, 290)), release=False)
    qtbot.waitUntil(lambda: pipeline.verticalScrollBar().value() >= 60, timeout=2000)
    qtbot.keyClick(card, Qt.Key.Key_Escape)
    still = pipeline.verticalScrollBar().value()
    qtbot.wait(100)
    assert pipeline.verticalScrollBar().value() == still
    assert ids(pipeline) == CIFAR


def test_a_card_can_be_dragged_into_another_branch(qtbot, pipeline):
    pipeline.edits.duplicate_branch(0)
    pipeline.refresh()
    qtbot.wait(20)
    target = pipeline.cards[1, 1]
    drag(pipeline.cards[GREY], target.mapToGlobal(QPoint(40, 3)))
    assert ids(pipeline, 0) == [*CIFAR[:3], "normalize"]
    assert ids(pipeline, 1) == ["random_resized_crop", "greyscale", *CIFAR[1:]]


def test_alt_and_an_arrow_move_the_card_and_keep_the_focus_on_it(qtbot, pipeline):
    with qtbot.waitActive(pipeline):
        pipeline.activateWindow()
    pipeline.cards[FLIP].fold.setFocus()
    qtbot.keyClick(pipeline.cards[FLIP].fold, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert ids(pipeline)[1:3] == ["colour_jitter", "horizontal_flip"]
    moved = pipeline.cards[JITTER]
    qtbot.waitUntil(moved.isVisible)
    assert moved.isAncestorOf(pipeline.focusWidget())
    qtbot.keyClick(pipeline.focusWidget(), Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert ids(pipeline) == CIFAR


def test_a_duplicate_stands_behind_its_model_with_the_same_settings(qtbot, pipeline):
    pipeline.app.editor.set("views.branches.0.ops.2.hue", 0.03)
    click(qtbot, pipeline.cards[JITTER].copy)
    ops = branch(pipeline, 0)["ops"]
    assert ops[3] == ops[2]
    assert ops[3]["hue"] == 0.03
    assert pipeline.cards[GREY].is_open()
    pipeline.app.editor.undo()
    assert ids(pipeline) == CIFAR


def test_a_card_switched_off_says_so_in_its_line(qtbot, pipeline):
    click(qtbot, pipeline.cards[JITTER].switch)
    assert pipeline.cards[JITTER].summary.full_text() == "off"


def test_an_operation_that_the_catalogue_lacks_can_be_removed(qtbot, pipeline):
    pipeline.app.editor.set("views.branches.0.ops.1", {"id": "horizontal_flipp"})
    qtbot.wait(20)
    card = pipeline.cards[FLIP]
    assert "Did you mean" in card.problem.text()
    qtbot.waitUntil(card.problem.isVisible)
    click(qtbot, card.remove)
    assert ids(pipeline) == [CIFAR[0], *CIFAR[2:]]


def test_the_first_change_of_views_that_the_recipe_only_names_is_one_undo_step(qtbot, pipeline):
    document = {**pipeline.app.editor.document, "views": {"preset": "simclr-cifar"}}
    pipeline.app.editor.replace(document, "be silent")
    pipeline.refresh()
    before = pipeline.app.editor.document
    click(qtbot, pipeline.cards[JITTER].switch)
    assert one_undo_gives(pipeline, before)
    assert branch(pipeline, 0)["ops"][2]["p"] == 0


@pytest.mark.parametrize("branches", ["A", [1, 2], [{"ops": "crop"}], [{"ops": ["crop"]}], []])
def test_branches_that_are_no_tables_leave_an_empty_pipeline_that_can_be_begun_anew(qtbot, pipeline, branches):
    pipeline.app.editor.set("views.branches", branches)
    pipeline.refresh()
    assert pipeline.cards == {}
    click(qtbot, pipeline.add_branch)
    assert branch(pipeline, 0) == {"name": "A", "count": 1, "size": 0, "like": "", "ops": []}


# -- the gallery ---------------------------------------------------------------------------------------------------


def test_the_gallery_shows_a_picture_of_every_operation(gallery):
    shown = {tile.id for tile in gallery.grid.tiles()}
    assert shown == {entry.id for entry in gallery.entries}
    assert all(gallery.grid.has_picture(id_) for id_ in shown)
    assert not gallery.original.isHidden()


def test_no_tile_covers_another_and_those_of_a_kind_stand_together(gallery):
    tiles = gallery.grid.tiles()
    places = [gallery.grid.place(number) for number in range(len(tiles))]
    assert not any(a.intersects(b) for i, a in enumerate(places) for b in places[i + 1 :])
    groups = [tile.group for tile in tiles]
    assert groups == sorted(groups, key=groups.index)


def test_typing_filters_and_enter_adds_before_the_normalisation(qtbot, pipeline, gallery):
    qtbot.keyClicks(gallery.search, "gaussian bl")
    assert [tile.id for tile in gallery.grid.tiles()] == ["gaussian_blur"]
    qtbot.keyClick(gallery.search, Qt.Key.Key_Return)
    assert ids(pipeline) == [*CIFAR[:4], "gaussian_blur", "normalize"]
    assert pipeline.cards[0, 4].is_open()
    assert pipeline.picker.gallery is None


def test_arrow_keys_move_between_tiles_and_rows(qtbot, gallery):
    places = {tile.id: gallery.grid.place(number) for number, tile in enumerate(gallery.grid.tiles())}
    first = gallery.grid.current()
    qtbot.keyClick(gallery.search, Qt.Key.Key_Right)
    second = gallery.grid.current()
    assert places[second.id].left() > places[first.id].left()
    qtbot.keyClick(gallery.search, Qt.Key.Key_Down)
    below = gallery.grid.current()
    assert places[below.id].top() > places[second.id].top()
    assert gallery.title.text() == below.title
    qtbot.keyClick(gallery.search, Qt.Key.Key_Up)
    assert gallery.grid.current() == second


def test_escape_closes_the_gallery_and_adds_nothing(qtbot, pipeline, gallery):
    qtbot.keyClicks(gallery.search, "blur")
    qtbot.keyClick(gallery.search, Qt.Key.Key_Escape)
    assert pipeline.picker.gallery is None
    assert ids(pipeline) == CIFAR


def test_a_click_on_a_tile_adds_its_operation(qtbot, pipeline, gallery):
    qtbot.keyClicks(gallery.search, "blur")
    qtbot.mouseClick(gallery.grid, LEFT, pos=gallery.grid.place(0).center())
    assert "gaussian_blur" in ids(pipeline)


def test_a_search_without_a_hit_says_so_and_enter_does_nothing(qtbot, pipeline, gallery):
    qtbot.keyClicks(gallery.search, "zebra")
    assert gallery.stack.currentWidget() is gallery.none
    qtbot.keyClick(gallery.search, Qt.Key.Key_Return)
    assert ids(pipeline) == CIFAR


def test_without_data_the_gallery_shows_words_and_how_to_get_pictures(qtbot, pipeline):
    pipeline.picker.data_ready = False
    click(qtbot, pipeline.sections[0].add)
    opened = pipeline.picker.gallery
    assert len(opened.grid.tiles()) == len(opened.entries)
    assert "Open a data set" in opened.remark.text()
    opened.reject()


def test_operations_of_another_modality_are_not_offered(qtbot):
    words = OperationSpec(id="drop_words", title="Drop words", kind="filter", summary="", modality="text")
    blur = OperationSpec(id="blur", title="Blur", kind="filter", summary="")
    opened = OperationGallery([Entry[OperationSpec](spec=spec, schema_={}) for spec in (words, blur)], "image")
    qtbot.addWidget(opened)
    assert [tile.id for tile in opened.grid.tiles()] == ["blur"]


# -- branches ------------------------------------------------------------------------------------------------------


def test_a_new_branch_is_like_the_first_and_names_itself(qtbot, pipeline):
    click(qtbot, pipeline.add_branch)
    assert branch(pipeline, 1) == {"name": "B", "count": 1, "size": 0, "like": "A", "ops": []}
    assert pipeline.sections[1].header.like.currentText() == "the same as A"
    assert "of A" in pipeline.sections[1].remark.text()
    assert pipeline.sections[1].add.isHidden()


def test_own_operations_begin_as_a_copy_and_sameness_clears_them(qtbot, pipeline):
    click(qtbot, pipeline.add_branch)
    pipeline.sections[1].header.likened.emit("")
    assert branch(pipeline, 1)["like"] == ""
    assert branch(pipeline, 1)["ops"] == branch(pipeline, 0)["ops"]
    qtbot.wait(20)
    pipeline.sections[1].header.likened.emit("A")
    assert branch(pipeline, 1)["ops"] == []


def test_multi_crop_is_a_second_branch_of_smaller_size(qtbot, pipeline):
    click(qtbot, pipeline.add_branch)
    header = pipeline.sections[1].header
    header.size_box.setFocus()
    qtbot.keyClicks(header.size_box, "16")
    qtbot.keyClick(header.size_box, Qt.Key.Key_Return)
    assert branch(pipeline, 1)["size"] == 16
    header.size_box.clear()
    qtbot.keyClick(header.size_box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: branch(pipeline, 1)["size"] == 0, timeout=2000)
    assert header.size_box.placeholderText() == "pipeline's"


def test_a_renamed_branch_takes_those_that_are_like_it_along(qtbot, pipeline):
    click(qtbot, pipeline.add_branch)
    name = pipeline.sections[0].header.name
    name.setFocus()
    name.selectAll()
    qtbot.keyClicks(name, "global")
    qtbot.keyClick(name, Qt.Key.Key_Return)
    assert (branch(pipeline, 0)["name"], branch(pipeline, 1)["like"]) == ("global", "global")
    pipeline.app.editor.undo()
    assert (branch(pipeline, 0)["name"], branch(pipeline, 1)["like"]) == ("A", "A")


def test_a_name_that_is_taken_is_told_at_its_branch(qtbot, pipeline):
    click(qtbot, pipeline.add_branch)
    pipeline.edits.rename(1, "A")
    qtbot.wait(20)
    header = pipeline.sections[1].header
    assert "taken" in header.problem.text()
    assert header.name.property("problem")
    assert "views.branches.1.name" in pipeline.fields()


def test_removing_a_branch_leaves_its_operations_to_those_that_were_like_it(qtbot, pipeline):
    click(qtbot, pipeline.add_branch)
    pipeline.sections[0].header.remove_action.trigger()
    assert (branch(pipeline, 0)["name"], branch(pipeline, 0)["like"]) == ("B", "")
    assert ids(pipeline) == CIFAR


def test_the_last_branch_cannot_be_removed(pipeline):
    assert not pipeline.sections[0].header.remove_action.isEnabled()


def test_a_duplicated_branch_has_a_free_name_and_the_same_operations(pipeline):
    pipeline.sections[0].header.duplicate_action.trigger()
    assert branch(pipeline, 1) == {**branch(pipeline, 0), "name": "B"}


def test_an_operation_for_a_branch_like_another_goes_to_the_other(qtbot, pipeline):
    click(qtbot, pipeline.add_branch)
    pipeline.add(1, pipeline.app.catalogue.get("operation", "gaussian_blur"))
    assert "gaussian_blur" in ids(pipeline, 0)
    assert ids(pipeline, 1) == []


# -- presets -------------------------------------------------------------------------------------------------------


def entries(pipeline) -> list[str]:
    return [pipeline.preset.itemText(index) for index in range(pipeline.preset.count())]


def test_every_shipped_preset_is_offered_with_its_note(pipeline):
    catalogue = pipeline.app.catalogue
    assert entries(pipeline) == list(catalogue.view_presets)
    assert pipeline.head.note.full_text() == catalogue.view_preset_notes.get("simclr-cifar", "")


def test_saved_presets_stand_under_yours_and_bring_their_size_and_strength(qtbot, pipeline):
    app = pipeline.app
    app.view_presets.save("mine", app.editor.build_views().replace(size=20, strength=0.5))
    pipeline.refresh()
    assert entries(pipeline)[-2:] == ["Yours", "mine"]
    pipeline.preset.activated.emit(pipeline.preset.findText("mine"))
    assert (app.editor.value("views.size"), app.editor.value("views.strength")) == (20, 0.5)
    qtbot.wait(20)
    assert pipeline.preset.currentText() == "mine"
    app.editor.set("views.strength", 0.6)
    qtbot.wait(20)
    assert pipeline.preset.currentText() == "mine, changed"
    pipeline.head.removed.emit("mine")
    assert "Yours" not in entries(pipeline)


def test_a_broken_preset_is_listed_with_its_error_and_cannot_be_chosen(pipeline):
    folder = pipeline.app.home / "view-presets"
    folder.mkdir(exist_ok=True)
    (folder / "torn.toml").write_text("[views]\nstrength = 9\n", encoding="utf-8")
    pipeline.refresh()
    index = pipeline.preset.findText("torn (cannot be read)")
    assert not pipeline.preset.model().item(index).isEnabled()
    assert "views.strength" in pipeline.preset.itemData(index, Qt.ItemDataRole.ToolTipRole)
    assert [action.text() for action in pipeline.head.removing.actions()] == ["torn"]
    pipeline.head.removing.actions()[0].trigger()
    assert not (folder / "torn.toml").exists()


# -- strength and costs --------------------------------------------------------------------------------------------


def test_the_dial_scales_what_the_cards_say_in_one_undo_step(qtbot, pipeline):
    before = pipeline.app.editor.document
    slider = pipeline.head.strength.slider
    slider.setFocus()
    for _ in range(5):
        qtbot.keyClick(slider, Qt.Key.Key_Left)
    qtbot.wait(20)
    assert pipeline.app.editor.value("views.strength") == 0.5
    assert one_undo_gives(pipeline, before)
    assert pipeline.cards[JITTER].effective.full_text().startswith("at 0.5:  brightness 0.2")
    assert pipeline.cards[FLIP].effective.isHidden()
    assert "colour jitter" in pipeline.head.strength.caption.full_text()
    pipeline.head.strength.reset.click()
    qtbot.wait(20)
    assert pipeline.app.editor.value("views.strength") == 1.0
    assert pipeline.cards[JITTER].effective.isHidden()


def test_a_drag_near_one_catches_there(qtbot, pipeline):
    pipeline.app.editor.set("views.strength", 0.5)
    qtbot.wait(20)
    slider = pipeline.head.strength.slider
    at = QPoint(round(7 + 0.51 * (slider.width() - 14)), slider.height() // 2)
    qtbot.mousePress(slider, LEFT, pos=at)
    qtbot.mouseMove(slider, at + QPoint(1, 0))
    qtbot.mouseRelease(slider, LEFT, pos=at)
    assert pipeline.app.editor.value("views.strength") == 1.0


def measured(pipeline, us) -> None:
    pipeline.set_costs(Costs(copy.deepcopy(views_of(pipeline.app.editor)), us))


def test_costs_stand_on_the_cards_that_were_measured(pipeline):
    measured(pipeline, {CROP: 30.0, JITTER: 9.5, NORMALISE: 0.5})
    assert pipeline.cards[CROP].cost.text() == "30 µs"
    assert pipeline.cards[CROP].cost.accessibleName() == "30 µs an image, 75% of the pipeline"
    assert pipeline.cards[JITTER].cost.text() == "9.5 µs"
    assert pipeline.cards[FLIP].cost.isHidden()


def test_costs_stay_in_grey_with_the_operations_that_are_still_there(qtbot, pipeline):
    measured(pipeline, {CROP: 30.0, JITTER: 10.0})
    pipeline.edits.duplicate(FLIP)
    qtbot.waitUntil(lambda: len(pipeline.cards) == 6)
    moved = pipeline.cards[0, JITTER[1] + 1].cost
    assert moved.text() == "10 µs"
    assert moved.accessibleName() == "10 µs an image, 25% of the pipeline, measured before the change"
    assert pipeline.cards[FLIP].cost.isHidden()
    pipeline.app.editor.undo()
    qtbot.waitUntil(lambda: len(pipeline.cards) == 5)
    assert pipeline.cards[JITTER].cost.accessibleName() == "10 µs an image, 25% of the pipeline"


def test_an_operation_that_was_moved_or_whose_like_was_removed_is_known_again():
    assert kept(["crop", "flip", "blur"], ["blur", "crop", "flip"]) == [(0, 1), (1, 2), (2, 0)]
    assert kept(["crop", "blur", "flip", "blur"], ["crop", "flip", "blur"]) == [(0, 0), (2, 1), (3, 2)]
    assert kept(["crop"], ["blur"]) == []


def test_the_gallery_draws_the_data_anew_once_they_were_read_again(qtbot, pipeline, gallery):
    gallery.reject()
    pipeline.app.open_data()
    qtbot.waitUntil(lambda: pipeline.app.data_facts is not None, timeout=LAB_MS)
    click(qtbot, pipeline.sections[0].add)
    again = pipeline.picker.gallery
    first = again.grid.tiles()[0].id
    assert not again.grid.has_picture(first)
    qtbot.waitUntil(lambda: again.grid.has_picture(first), timeout=LAB_MS)
    again.reject()


# -- words ---------------------------------------------------------------------------------------------------------


def test_turns_of_the_branch_that_another_is_like_head_its_views_too():
    turned = {"name": "A", "count": 2, "ops": [{"id": "quarter_turn", "turns": "each"}]}
    assert view_titles([turned, {"name": "B", "count": 1, "like": "A", "ops": []}]) == ["A 0°", "A 90°", "B 0°"]


def test_a_target_made_in_the_branch_that_another_is_like_is_made_in_both():
    catalogue = builtin_catalogue()
    branches = [{"name": "A", "count": 2, "ops": [{"id": "quarter_turn"}]}, {"name": "B", "count": 2, "like": "A"}]
    needs = needs_of(catalogue.objective("rotation").spec, {"views": {"branches": branches}}, catalogue, True)
    assert [need.met for need in needs if "target" in need.words] == [True]


def test_a_wrong_setting_has_no_effective_value():
    schema = builtin_catalogue().get("operation", "colour_jitter").schema_
    assert strength_words({"id": "colour_jitter", "hue": "blue"}, schema, 0.5) == ""
