"""Fetching one file over the network: in chunks, with progress, resumed where it stopped, checked by its MD5."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path

from workbench.core.errors import DataError
from workbench.core.units import format_bytes
from workbench.data.base import Progress

_CHUNK_BYTES = 1 << 18
_TIMEOUT_S = 30
_AGENT = {"User-Agent": "ssl-workbench"}


class DownloadError(DataError):
    """The file could not be fetched; the message says why, the caller says what to do."""


def download(url: str, target: Path, md5: str, size_bytes: int, progress: Progress) -> None:
    """Fetch `url` to `target`, which appears only when it is whole and its MD5 is right.

    What was fetched before a Cancelled or a broken line stays beside it as `.part` and is continued by the next call.
    `size_bytes` is what progress counts against where the server does not say. Raises DownloadError.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part, size_bytes, progress)
        found = file_md5(part)
        if found != md5:
            part.unlink()
            raise DownloadError(f"{url} gave a file with MD5 {found} instead of {md5}")
        os.replace(part, target)
    except urllib.error.HTTPError as error:
        raise DownloadError(f"{url} answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise DownloadError(f"{url} cannot be reached ({error.reason})") from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"fetching {url} stopped ({error})") from error


def file_md5(path: Path) -> str:
    """The MD5 of a file as hex; tells a damaged file from a whole one, not an honest from a forged."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _fetch(url: str, part: Path, size_bytes: int, progress: Progress) -> None:
    """Bring `part` to its full length, appending where the server can continue."""
    done = part.stat().st_size if part.exists() else 0
    if done >= size_bytes:
        part.unlink(missing_ok=True)
        done = 0
    headers = {**_AGENT, "Range": f"bytes={done}-"} if done else _AGENT
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S) as response:
        if response.status != http.client.PARTIAL_CONTENT:
            done = 0
        total = done + int(response.headers.get("Content-Length") or size_bytes - done)
        with open(part, "ab" if done else "wb") as file:
            while block := response.read(_CHUNK_BYTES):
                file.write(block)
                done += len(block)
                words = f"Downloading {part.stem}: {format_bytes(done)} of {format_bytes(total)}"
                progress(min(1.0, done / total), words)
    if done < total:
        raise http.client.IncompleteRead(b"", total - done)
