"""Data sets that are fetched on request, laid out on disk as torchvision lays them out."""

from __future__ import annotations

import os
import shutil
import tarfile
import uuid
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from workbench.core.errors import DataError
from workbench.core.model import Model, setting
from workbench.core.units import format_bytes
from workbench.data.array_dataset import ArrayDataset
from workbench.data.base import DatasetSource, Place, Progress, no_progress
from workbench.data.download import DownloadError, download, file_md5
from workbench.data.listing import require_split
from workbench.data.progress import portion

_FETCHED_SHARE = 0.8


@dataclass(frozen=True)
class RemoteFile:
    """A file to fetch.

    name : its name on the server and on disk
    size_bytes : for progress and for saying what a download costs
    folder : where it belongs, relative to the root
    splits : the splits that need it; () for all
    unpack : whether it is a tar archive to be unpacked beside itself
    """

    name: str
    md5: str
    size_bytes: int
    folder: str = ""
    splits: tuple[str, ...] = ()
    unpack: bool = False


class RemoteConfig(Model):
    root: str = setting(
        "", "Folder", "where the files are or will be put; empty takes the workspace's data folder", widget="folder"
    )
    mirror: str = setting(
        "",
        "Mirror",
        "address of a folder that holds the same files, instead of the original server",
        advanced=True,
        pattern=r"^$|^(https?|file)://",
    )


class RemoteSource(DatasetSource):
    """A data set with a table of files on a server.

    Attributes
    ----------
    base : address of the folder that the files are in
    remote : the files
    """

    Config: ClassVar[type[Model]] = RemoteConfig
    base: ClassVar[str]
    remote: ClassVar[tuple[RemoteFile, ...]]

    @abstractmethod
    def present(self, root: Path, split: str) -> bool:
        """Whether everything that `read` opens for this split is in place; looks, does not open."""

    @abstractmethod
    def read(self, root: Path, split: str, config: Any, place: Place, progress: Progress) -> ArrayDataset:
        """One split from the files in place."""

    def splits(self, config: Any, place: Place) -> tuple[str, ...]:
        return self.spec.splits

    def load(self, config: Any, split: str, place: Place, progress: Progress = no_progress) -> ArrayDataset:
        require_split(split, self.spec.splits, self.spec.title)
        root = self._root(config, place)
        if not self.present(root, split):
            self._provide(root, split, config, portion(progress, 0.0, _FETCHED_SHARE))
            progress = portion(progress, _FETCHED_SHARE, 1.0)
        return self.read(root, split, config, place, progress)

    def status(self, config: Any, place: Place) -> tuple[str, str]:
        root = self._root(config, place)
        wanted = [split for split in ("train", "test") if not self.present(root, split)]
        if not wanted:
            return "ready", f"Found in {root}."
        missing = [
            file
            for file in self.remote
            if (not file.splits or set(file.splits) & set(wanted)) and not (root / file.folder / file.name).is_file()
        ]
        if not missing:
            return "ready", f"Found in {root}; to be unpacked."
        size = format_bytes(sum(file.size_bytes for file in missing))
        return "download", f"{size} to download into {root}."

    def _root(self, config: Any, place: Place) -> Path:
        return Path(config.root).expanduser().absolute() if config.root else place.home / "data" / self.spec.id

    def _provide(self, root: Path, split: str, config: Any, progress: Progress) -> None:
        """Fetch what is missing and unpack it; raises DataError that says what to put where by hand."""
        files = [file for file in self.remote if not file.splits or split in file.splits]
        base = config.mirror or self.base
        total, done = sum(file.size_bytes for file in files), 0
        for file in files:
            step = portion(progress, done / total, (done + file.size_bytes) / total)
            self._provide_one(root, file, files, base, step)
            done += file.size_bytes
        if not self.present(root, split):
            raise DataError(
                f"{self.spec.title}: the files in {root} are not all there.", "Delete that folder and load it again."
            )

    def _provide_one(
        self, root: Path, file: RemoteFile, files: list[RemoteFile], base: str, progress: Progress
    ) -> None:
        target = root / file.folder / file.name
        try:
            if not target.is_file():
                download(f"{base.rstrip('/')}/{file.name}", target, file.md5, file.size_bytes, progress)
            elif file_md5(target) != file.md5:
                raise DownloadError(f"{target} is damaged: its MD5 is not {file.md5}")
        except DownloadError as error:
            raise DataError(
                f"{self.spec.title} could not be fetched: {error.message}.", self._by_hand(root, files)
            ) from error
        if file.unpack:
            unpack(target, target.parent, progress)

    def _by_hand(self, root: Path, files: list[RemoteFile]) -> str:
        lines = [f"  {self.base.rstrip('/')}/{file.name}  ->  {root / file.folder / file.name}" for file in files]
        return "\n".join(["To do it by hand, fetch these and put them there, then load again:", *lines])


def unpack(archive: Path, folder: Path, progress: Progress) -> None:
    """Unpack a tar archive into `folder`, where its entries appear only when all of them are whole.

    Raises DataError when the archive is damaged, Cancelled from `progress`; then nothing is left behind.
    """
    draft = folder / f".{uuid.uuid4().hex[:8]}.part"
    draft.mkdir(parents=True)
    try:
        _extract(archive, draft, progress)
        for entry in draft.iterdir():
            place = folder / entry.name
            if place.is_dir():
                shutil.rmtree(place)
            os.replace(entry, place)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{archive} cannot be unpacked: {error}.", "Delete it and load the data again.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _extract(archive: Path, draft: Path, progress: Progress) -> None:
    size = archive.stat().st_size
    with open(archive, "rb") as raw, tarfile.open(fileobj=raw, mode="r:*") as tar:
        # Refuses entries that would land outside; Python 3.11.0 to 3.11.3 lack it, and there the MD5 must do.
        tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
        for member in tar:
            progress(min(1.0, raw.tell() / size), f"Unpacking {archive.name}")
            tar.extract(member, draft)
