"""The shell: recipe bar, navigation, pages, inspector, activity and log."""

from __future__ import annotations

import base64

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from workbench.app.application import App
from workbench.app.topics import Topic
from workbench.app.words import CHIPS, chip_of, chip_problem
from workbench.core.units import format_duration
from workbench.gui.activity import Activity
from workbench.gui.bridge import Bridge
from workbench.gui.dock_room import DockRoom
from workbench.gui.face import WindowFace
from workbench.gui.log import LogFeed
from workbench.gui.pages.base import Page, Steps
from workbench.gui.pages.table import PAGES, page_of_chip
from workbench.gui.palette import CommandPalette, CommandRow
from workbench.gui.theme import apply, load_theme
from workbench.gui.widgets.log_view import LogView
from workbench.gui.widgets.nav_rail import NavRail
from workbench.gui.widgets.notice import Notice as NoticeBar
from workbench.gui.widgets.recipe_bar import ChipView, RecipeBar

AUTOSAVE_MS = 20_000
REFRESH_LIVE_MS = 1000
_STEPS = ("recipe.undo", "recipe.redo")


class Window(QMainWindow):
    """The one window of the workbench."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self.app = app
        self.bridge = Bridge(app)
        self.bridge.face = WindowFace(self)
        self.setWindowTitle("SSL Workbench")
        self.setMinimumSize(1024, 680)
        self.resize(1280, 800)
        apply(_qt(), load_theme(app.settings.theme))
        self.pages: dict[str, Page] = {page.id: page(self.bridge) for page in PAGES}
        self._build_centre()
        self._build_docks()
        self._build_menus()
        self.palette_popup = CommandPalette(self)
        self.palette_popup.chosen.connect(self._run_from_palette)
        self.bridge.changed.connect(self._on_change)
        self._autosave = QTimer(self, interval=AUTOSAVE_MS)
        self._autosave.timeout.connect(app.save_session)
        # Runs change ten times a second; their words need not.
        self._live = QTimer(self, singleShot=True, interval=REFRESH_LIVE_MS)
        self._live.timeout.connect(self._refresh_live)
        self.show_page(app.settings.page if app.settings.page in self.pages else "data")
        self._restore_layout()
        self._refresh_recipe()
        self._refresh_activity()
        self._show_notice()

    # -- building --------------------------------------------------------------------------------------------------

    def _build_centre(self) -> None:
        self.recipe_bar = RecipeBar()
        self.recipe_bar.opened.connect(lambda chip: self.show_page(page_of_chip(chip), chip))
        self.recipe_bar.triggered.connect(lambda _: self.bridge.run("run.train"))
        self.rail = NavRail()
        self.stack = QStackedWidget()
        for page in self.pages.values():
            self.rail.add_page(page.id, page.title, page.id, self.bridge.commands[f"page.{page.id}"].shortcut)
            self.stack.addWidget(page)
            page.stepped.connect(self._refresh_steps)
            page.room_changed.connect(self._share_room)
        self.rail.chosen.connect(self.show_page)
        self.notice_bar = NoticeBar()
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notice_bar)
        column.addWidget(self.stack, 1)
        centre = QWidget()
        centre.setLayout(column)
        self.setCentralWidget(centre)
        self._edge("recipe", self.recipe_bar, Qt.ToolBarArea.TopToolBarArea)
        self._edge("pages", self.rail, Qt.ToolBarArea.LeftToolBarArea)

    def _edge(self, id_: str, widget: QWidget, area: Qt.ToolBarArea) -> None:
        """Put a widget along an edge of the window, outside the docks."""
        bar = QToolBar(id_, self)
        bar.setObjectName(f"edge-{id_}")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.toggleViewAction().setEnabled(False)
        bar.addWidget(widget)
        self.addToolBar(area, bar)

    def _build_docks(self) -> None:
        self.inspector_stack = QStackedWidget()
        self._no_inspector = QWidget()
        self.inspector_stack.addWidget(self._no_inspector)
        for page in self.pages.values():
            inspector = page.inspector()
            if inspector is not None:
                self.inspector_stack.addWidget(inspector)
        self.activity = Activity(self.app)
        self.log = LogView()
        self.log_feed = LogFeed(self.log)
        right, bottom = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
        self.inspector_dock = self._dock("inspector", "Inspector", self.inspector_stack, right)
        self.activity_dock = self._dock("activity", "Activity", self.activity, bottom)
        self.log_dock = self._dock("log", "Log", self.log, bottom)
        self.splitDockWidget(self.activity_dock, self.log_dock, Qt.Orientation.Horizontal)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.resizeDocks([self.inspector_dock], [280], Qt.Orientation.Horizontal)
        self.resizeDocks([self.activity_dock, self.log_dock], [130, 130], Qt.Orientation.Vertical)
        self.dock_room = DockRoom(self, [self.activity_dock, self.log_dock], self.app)

    def _dock(self, id_: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock-{id_}")
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def _build_menus(self) -> None:
        self.command_actions: dict[str, QAction] = {}
        menus = {name: self.menuBar().addMenu(name) for name in ("Recipe", "Edit", "Data", "Run", "View")}
        for command in self.bridge.commands.values():
            action = QAction(command.title, self)
            if command.shortcut:
                action.setShortcut(QKeySequence(command.shortcut))
            action.triggered.connect(lambda _=False, id_=command.id: self.run_command(id_))
            self.command_actions[command.id] = action
            self.addAction(action)
            if command.menu and command.menu not in menus:
                outer, _, inner = command.menu.partition("/")
                menus[command.menu] = menus[outer].addMenu(inner)
            if command.menu:
                menus[command.menu].addAction(action)
        menus["View"].addSeparator()
        for dock in (self.inspector_dock, self.activity_dock, self.log_dock):
            menus["View"].addAction(dock.toggleViewAction())
        for menu in menus.values():
            menu.aboutToShow.connect(self._refresh_actions)

    # -- what the user does ----------------------------------------------------------------------------------------

    def show_page(self, page: str, section: str = "") -> None:
        """Bring a page up; `section` is the chip that was pressed, for pages that hold several."""
        self.stack.setCurrentWidget(self.pages[page])
        self.rail.set_current(page)
        self._refresh_steps()
        self._share_room()
        self.recipe_bar.set_current(section or (page if page in CHIPS else None))
        inspector = self.pages[page].inspector()
        self.inspector_stack.setCurrentWidget(inspector or self._no_inspector)
        if section:
            self.pages[page].open_section(section)
        self.app.settings = self.app.settings.replace(page=page)

    def show_setting(self, key: str) -> None:
        """Bring up the page of a setting such as "optimiser.lr", with the keyboard on it."""
        chip = chip_of(key)
        self.show_page(page_of_chip(chip), chip)
        self.pages[page_of_chip(chip)].open_setting(key)

    def open_palette(self) -> None:
        """Show the command palette."""
        refusals = {command.id: command.refusal(self.app) for command in self.bridge.commands.values()}
        rows = [
            CommandRow(command.id, command.title, command.shortcut, not refusals[command.id], refusals[command.id])
            for command in self.bridge.commands.values()
        ]
        self.palette_popup.set_commands(rows, self.app.settings.recent_commands)
        self.palette_popup.open()

    def run_command(self, command_id: str) -> None:
        """Run a command; Undo and Redo go through the steps of the page that is up, where it has its own."""
        own = self._steps()
        if own is None or command_id not in _STEPS:
            self.bridge.run(command_id)
        elif command_id == "recipe.undo":
            own.undo()
        else:
            own.redo()

    def _steps(self) -> Steps | None:
        page = self.stack.currentWidget()
        return page.steps() if isinstance(page, Page) else None

    def _run_from_palette(self, command_id: str) -> None:
        self.app.settings = self.app.settings.replace(recent_commands=tuple(self.palette_popup.recent())[:8])
        self.run_command(command_id)

    # -- what changed ----------------------------------------------------------------------------------------------

    def _on_change(self, topic: Topic) -> None:
        match topic:
            case Topic.RECIPE:
                self._refresh_recipe()
            case Topic.RUNS:
                if not self._live.isActive():
                    self._live.start()
            case Topic.JOBS:
                self._refresh_activity()
            case Topic.SETTINGS:
                self._retheme()
            case Topic.NOTICE:
                self._show_notice()

    def _refresh_recipe(self) -> None:
        editor = self.app.editor
        self.recipe_bar.set_chips(
            [
                ChipView(id_, caption, word(editor.document, self.app.catalogue), chip_problem(id_, editor.problems))
                for id_, (caption, word) in CHIPS.items()
            ]
        )
        self._refresh_actions()

    def _refresh_actions(self) -> None:
        for id_, action in self.command_actions.items():
            reason = self.bridge.commands[id_].refusal(self.app)
            action.setEnabled(not reason)
            action.setToolTip(reason or action.text())
        refusal = self.bridge.commands["run.train"].refusal(self.app)
        tip = refusal or "Train this recipe  (Ctrl+Enter)"
        self.recipe_bar.set_action("Train", "play", enabled=not refusal, reason=tip)
        self._refresh_steps()

    def _refresh_steps(self) -> None:
        """Say what Undo and Redo would do on the page that is up."""
        steps = self._steps() or self.app.editor
        for id_, words in zip(_STEPS, (steps.undo_words, steps.redo_words), strict=True):
            action, name = self.command_actions[id_], self.bridge.commands[id_].title
            action.setText(f"{name} {words}".strip())
            action.setEnabled(bool(words))
            action.setToolTip(action.text() if words else f"There is nothing to {name.lower()}.")

    def _refresh_live(self) -> None:
        self._refresh_activity()
        self._refresh_status()
        self._refresh_actions()

    def _refresh_activity(self) -> None:
        self.activity.refresh()

    def _refresh_status(self) -> None:
        current = self.app.current
        if current is None:
            self.recipe_bar.set_status("")
            return
        share = current.history.share_done
        elapsed = current.history.last("elapsed_s")
        parts = [str(current.state).capitalize()]
        if share is not None and current.state.live:
            parts.append(f"{share:.0%}")
        if elapsed is not None:
            parts.append(format_duration(elapsed))
        failed = str(current.state) in ("failed", "crashed")
        self.recipe_bar.set_status(" · ".join(parts), "danger" if failed else "caption")

    def _show_notice(self) -> None:
        notice = self.app.notice
        if notice is not None:
            self.notice_bar.show_message(notice.message, notice.hint, notice.level)

    def _retheme(self) -> None:
        apply(_qt(), load_theme(self.app.settings.theme))
        for page in self.pages.values():
            page.retheme()

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to poll, warm the lab up, and find the runs that are still going."""
        self.bridge.start()
        self._autosave.start()
        QTimer.singleShot(300, self._warm_up)

    def _warm_up(self) -> None:
        self.app.quick_lab.start()
        self.app.attach_live_runs()

    def _share_room(self) -> None:
        page = self.stack.currentWidget()
        self.dock_room.share(wanted=isinstance(page, Page) and page.wants_room())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _restore_layout(self) -> None:
        settings = self.app.settings
        if settings.geometry:
            self.restoreGeometry(QByteArray(base64.b64decode(settings.geometry)))
        if settings.layout:
            self.restoreState(QByteArray(base64.b64decode(settings.layout)))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the layout and the session; runs go on without the window."""
        self._autosave.stop()
        self._live.stop()
        self.dock_room.share(wanted=False)
        self.app.settings = self.app.settings.replace(
            geometry=_text(self.saveGeometry()), layout=_text(self.saveState())
        )
        self.bridge.stop()
        self.log_feed.close()
        self.app.save()
        self.app.close()
        super().closeEvent(event)


def _qt() -> QApplication:
    qt = QApplication.instance()
    assert isinstance(qt, QApplication)
    return qt


def _text(data: QByteArray) -> str:
    return base64.b64encode(data.data()).decode()
