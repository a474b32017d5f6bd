from __future__ import annotations

import hashlib
import http.server
import io
import socket
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
import torchvision.datasets

from workbench.core.errors import Cancelled, DataError
from workbench.data.base import no_progress
from workbench.data.download import DownloadError, download
from workbench.data.loading import load
from workbench.data.remote import RemoteSource, unpack
from workbench.data.sources.downloads import Cifar10, Cifar100, Stl10, Svhn
from workbench.data.sources.mnist_like import FashionMnist, Mnist
from workbench.data.sources.photos import Flowers102, Food101
from workbench.data.table import SOURCES
from workbench.recipes.models import Choice

CONTENT = np.random.default_rng(0).integers(0, 256, 1_500_000, np.uint8).tobytes()
MD5 = hashlib.md5(CONTENT).hexdigest()
REMOTE = [kind for kind in SOURCES if issubclass(kind, RemoteSource)]


class _Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT at /file, and continues it where a client asks; keeps the ranges it was asked for."""

    ranges: list[str | None]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if not self.path.endswith("/file"):
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        try:
            self.wfile.write(CONTENT[start:])
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server():
    with _Server(("127.0.0.1", 0), _Handler) as running:
        running.ranges = []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def url(server) -> str:
    return f"http://127.0.0.1:{server.server_port}/file"


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_download_reports_rising_progress_and_leaves_the_whole_file(tmp_path, url):
    shares, words = [], []
    download(url, tmp_path / "sub" / "f", MD5, len(CONTENT), lambda s, w: (shares.append(s), words.append(w)))
    assert (tmp_path / "sub" / "f").read_bytes() == CONTENT
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert "of 1.5 MB" in words[-1]
    assert [file.name for file in (tmp_path / "sub").iterdir()] == ["f"]


def test_cancelled_download_is_continued_where_it_stopped(tmp_path, url, server):
    def cancel(share: float, words: str) -> None:
        if share > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        download(url, tmp_path / "f", MD5, len(CONTENT), cancel)
    assert not (tmp_path / "f").exists()
    done = (tmp_path / "f.part").stat().st_size
    assert 0.3 * len(CONTENT) < done < len(CONTENT)
    download(url, tmp_path / "f", MD5, len(CONTENT), no_progress)
    assert server.ranges == [None, f"bytes={done}-"]
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_file_with_a_wrong_md5_is_thrown_away(tmp_path, url):
    with pytest.raises(DownloadError, match=f"{MD5} instead of 0000"):
        download(url, tmp_path / "f", "0000", len(CONTENT), no_progress)
    assert list(tmp_path.iterdir()) == []


def test_answer_of_the_server_is_told(tmp_path, url):
    with pytest.raises(DownloadError, match="404"):
        download(url + "x", tmp_path / "f", MD5, len(CONTENT), no_progress)


@pytest.mark.parametrize("kind", REMOTE, ids=lambda kind: kind.spec.id)
def test_without_network_the_files_their_addresses_and_the_folder_are_named(kind, place, closed_port):
    choice = Choice(id=kind.spec.id, mirror=f"http://127.0.0.1:{closed_port}/")
    with pytest.raises(DataError) as caught:
        load(choice, "train", place)
    told = str(caught.value)
    for file in kind.remote:
        if not file.splits or "train" in file.splits:
            assert f"{kind.base}{file.name}" in told
            assert str(place.home / "data" / kind.spec.id / file.folder / file.name) in told


@pytest.mark.parametrize("kind", REMOTE, ids=lambda kind: kind.spec.id)
def test_status_says_what_a_download_costs_and_where_it_goes(kind, place, tmp_path):
    state, words = kind().status(kind.Config(root=str(tmp_path)), place)
    assert state == "download"
    assert str(tmp_path) in words
    assert "B to download" in words


def test_archive_in_place_counts_as_ready(place, tmp_path):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"")
    status = Cifar10().status(Cifar10.Config(root=str(tmp_path)), place)
    assert status == ("ready", f"Found in {tmp_path}; to be unpacked.")


def test_archive_put_there_by_hand_is_checked(place, tmp_path):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"half of it")
    with pytest.raises(DataError, match="is damaged"):
        load(Choice(id="cifar10", root=str(tmp_path)), "train", place)


def test_mirror_must_be_an_address():
    with pytest.raises(ValueError, match="mirror"):
        Cifar10.Config(mirror="/tmp")


def tar_of(path: Path, names: list[str]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 1000
            tar.addfile(member, io.BytesIO(bytes(1000)))
    return path


def test_cancelled_unpacking_leaves_only_the_archive(tmp_path):
    archive = tar_of(tmp_path / "a.tgz", [f"set/{i}" for i in range(10)])
    calls = []

    def cancel(share: float, words: str) -> None:
        calls.append(share)
        if len(calls) == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        unpack(archive, tmp_path, cancel)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tgz"]
    unpack(archive, tmp_path, no_progress)
    assert len(list((tmp_path / "set").iterdir())) == 10


@pytest.mark.parametrize("name", ["../outside", "set/../../../outside"])
def test_archive_cannot_write_outside_its_folder(tmp_path, name):
    folder = tmp_path / "inner"
    folder.mkdir()
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(tar_of(folder / "a.tgz", [name]), folder, no_progress)
    assert [entry.name for entry in tmp_path.iterdir()] == ["inner"]
    assert [entry.name for entry in folder.iterdir()] == ["a.tgz"]


def test_cut_archive_is_a_data_error(tmp_path):
    archive = tar_of(tmp_path / "a.tgz", ["set/1"])
    archive.write_bytes(archive.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(archive, tmp_path, no_progress)


def test_checksums_and_names_are_those_that_torchvision_knows():
    known = torchvision.datasets
    ours = {kind: {file.name: file.md5 for file in kind.remote} for kind in REMOTE}
    assert ours[Mnist] == dict(known.MNIST.resources)
    assert ours[FashionMnist] == dict(known.FashionMNIST.resources)
    for kind, theirs in ((Cifar10, known.CIFAR10), (Cifar100, known.CIFAR100), (Stl10, known.STL10)):
        assert ours[kind] == {theirs.filename: theirs.tgz_md5}
        assert kind.base + theirs.filename == theirs.url
    assert ours[Svhn] == {name: md5 for _, name, md5 in known.SVHN.split_list.values()}
    assert ours[Flowers102] == dict(known.Flowers102._file_dict.values())
    assert ours[Food101] == {known.Food101._URL.rsplit("/")[-1]: known.Food101._MD5}
