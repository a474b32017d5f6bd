"""Telling a file's format by its content; the suffix is asked only where the content leaves it open."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from workbench.core.errors import DataError
from workbench.embeddings.importers.base import Format
from workbench.embeddings.importers.faiss_flat import is_faiss
from workbench.embeddings.importers.projector import metadata_of, vectors_in
from workbench.embeddings.importers.tensors import is_safetensors
from workbench.embeddings.importers.text import head_lines, is_number
from workbench.embeddings.importers.words_text import header_of

READ_HERE = (
    "Readable are .npy, .npz, Parquet, Arrow, CSV, TSV, word2vec, fastText .vec, GloVe .txt, safetensors and FAISS "
    "flat indexes."
)
FASTTEXT_MODEL = bytes.fromhex("ba164f2f")  # 793712314, little-endian
REFUSED = (
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first: gunzip FILE."),
    (b"BZh", "compressed with bzip2", "Unpack it first: bunzip2 FILE."),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it first: unxz FILE."),
    (b"\x89HDF", "an HDF5 file", "Save the array with numpy.save."),
    (b"FEA1", "Feather of version 1", "Write it again as Feather version 2 or Parquet."),
    (FASTTEXT_MODEL, "a fastText model", "Save its words as .vec, or as word2vec text."),
    (b"\xff\xfe", "text in UTF-16", "Save it in UTF-8."),
    (b"\xfe\xff", "text in UTF-16", "Save it in UTF-8."),
)
_NEVER_IN_TEXT = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x1f")
_SEEN_IN_TEXT = 0.001


def format_of(path: Path) -> Format:
    """The format of a file or folder; raises DataError for what is missing, empty, refused or unknown."""
    if path.is_dir():
        if vectors_in(path) is not None:
            return "projector"
        if (path / "vectors.npy").is_file() and (path / "meta.json").is_file():
            raise DataError(f"{path} is an embedding set already.", "Open it instead of importing it.")
        raise DataError(f"The folder {path} holds no pair of vectors.tsv and metadata.tsv.", "Choose a file in it.")
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "Check the path.")
    with open(path, "rb") as stream:
        head = stream.read(2**16)
    if not head.strip():
        raise DataError(f"{path} is empty.", "Copy the file again, or choose another.")
    return _by_magic(path, head) or _by_text(path, head)


def _by_magic(path: Path, head: bytes) -> Format | None:
    for magic, what, way_out in REFUSED:
        if head.startswith(magic):
            raise DataError(f"{path} is {what}.", way_out)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise DataError(f"{path} is a Python pickle, which is never loaded.", "Save plain arrays with numpy.save.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(path)
    beginnings: tuple[tuple[bytes, Format], ...] = (
        (b"\x93NUMPY", "npy"),
        (b"PAR1", "parquet"),
        (b"ARROW1", "arrow"),
        (b"\xff\xff\xff\xff", "arrow"),
    )
    for magic, format_ in beginnings:
        if head.startswith(magic):
            return format_
    if is_faiss(head):
        return "faiss"
    return "safetensors" if is_safetensors(head, path.stat().st_size) else None


def _archive(path: Path) -> Format:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise DataError(f"{path} is a damaged archive: {error}.", "Copy the file again.") from error
    if any(name.endswith(".npy") for name in names):
        return "npz"
    if any(name.endswith("data.pkl") for name in names):
        raise DataError(f"{path} is a PyTorch file (a pickle), which is never loaded.", "Save it as safetensors.")
    raise DataError(f"{path} is an archive without arrays.", "Unpack it, or save the arrays with numpy.savez.")


def _by_text(path: Path, head: bytes) -> Format:
    first, _, after = head.partition(b"\n")
    told = header_of(first)
    binary = _is_binary(head)
    if told and after and (binary or not _ends_in_number(after.partition(b"\n")[0])):
        return "word2vec-binary"
    if binary:
        raise DataError(f"{path} is no vector file that can be read.", READ_HERE)
    if metadata_of(path) is not None:
        return "projector"
    lines = [line for line in head_lines(path)[:200] if line.strip()]
    return "words" if told or _are_words(lines) else "table"


def _is_binary(head: bytes) -> bool:
    unlike = len(head) - len(head.translate(None, _NEVER_IN_TEXT))
    return b"\0" in head or unlike > _SEEN_IN_TEXT * len(head)


def _ends_in_number(line: bytes) -> bool:
    tokens = line.split()
    return len(tokens) > 1 and is_number(tokens[-1].decode("latin-1"))


def _are_words(lines: Sequence[bytes]) -> bool:
    """Whether most lines are a word, a space, and numbers between single spaces; not all of the words numbers."""
    divided = [line.decode("latin-1").split() for line in lines]
    wordy = [tokens for tokens in divided if len(tokens) > 1 and all(is_number(token) for token in tokens[1:])]
    spaced = sum(b"\t" not in line for line in lines) > len(lines) / 2
    return spaced and 2 * len(wordy) > len(lines) and not all(is_number(tokens[0]) for tokens in wordy)
