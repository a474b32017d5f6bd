"""Every importer there is, in the order that lists show them, and opening a file with the right one."""

from __future__ import annotations

from pathlib import Path

from workbench.core.errors import DataError
from workbench.embeddings.importers.arrays import open_npy, open_npz
from workbench.embeddings.importers.base import Format, Importer, Source, Wishes
from workbench.embeddings.importers.columns import open_arrow, open_parquet
from workbench.embeddings.importers.delimited import open_table
from workbench.embeddings.importers.faiss_flat import open_faiss
from workbench.embeddings.importers.glove import open_glove
from workbench.embeddings.importers.projector import open_projector
from workbench.embeddings.importers.sniff import format_of
from workbench.embeddings.importers.tensors import open_tensors
from workbench.embeddings.importers.words_binary import open_word2vec
from workbench.embeddings.importers.words_text import open_words

GLOVE = "glove"

IMPORTERS: dict[Format, Importer] = {
    importer.id: importer
    for importer in (
        Importer("npy", "numpy array", open_npy),
        Importer("npz", "numpy archive", open_npz),
        Importer("parquet", "Parquet", open_parquet),
        Importer("arrow", "Arrow or Feather", open_arrow),
        Importer("table", "CSV or TSV", open_table),
        Importer("projector", "TensorBoard projector", open_projector),
        Importer("words", "word vectors as text (word2vec, fastText, GloVe)", open_words),
        Importer("word2vec-binary", "word2vec binary", open_word2vec),
        Importer("safetensors", "safetensors", open_tensors),
        Importer("faiss", "FAISS flat index", open_faiss),
        Importer("glove", "GloVe 6B, 400,000 words (installed package)", open_glove),
    )
}


def open_source(path: Path, wishes: Wishes) -> Source:
    """Open a file with the importer that is wished for, else with the one that its content asks for.

    The path `glove`, where no such file lies, is the installed word space.

    Raises
    ------
    DataError : the file is missing, of no known format, damaged, or holds no vectors; AmbiguousVectors where it holds
        several candidates
    """
    try:
        return IMPORTERS[chosen_format(path, wishes)].open(path, wishes)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}.", "Check the file's permissions."
        ) from error


def chosen_format(path: Path, wishes: Wishes) -> Format:
    """The importer that will read a path; raises DataError where none can."""
    if wishes.format == "glove" or (path.name == GLOVE and not path.exists()):
        return "glove"
    if wishes.format == "auto":
        return format_of(path)
    if not path.exists():
        raise DataError(f"There is no file {path}.", "Check the path.")
    if path.is_dir() and wishes.format != "projector":
        raise DataError(f"{path} is a folder.", "Choose a file in it.")
    return wishes.format
