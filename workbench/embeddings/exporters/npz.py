"""NumPy's archive of arrays."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.data.base import Progress
from workbench.embeddings.exporters.base import ID, LABEL, Chosen, Exporter, Told
from workbench.embeddings.exporters.columns import texts


class Npz(Exporter):
    """One .npz that `np.load(path, allow_pickle=False)` reads.

        vectors         (M, D), as they are stored
        ids, labels     (M,) texts; labels where the set has them, "" where a sample has none
        thumbnails      (M, h, w, 3) uint8, where there are pictures
        layout_<name>   (M, 2) or (M, 3) float32, NaN for a point without a place
        trust_<name>    (M,) float32

    Vectors that are not finite are kept. Vectors and pictures are written in blocks, so that nothing has to fit memory.
    """

    id: ClassVar[str] = "npz"
    title: ClassVar[str] = "NumPy archive (.npz)"
    layouts: ClassVar[Literal["none", "one", "all"]] = "all"

    def write(self, chosen: Chosen, draft: Path, progress: Progress) -> Told:
        told = Told()
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            _write_blocks(archive, "vectors", chosen.opened.vectors, chosen, progress)
            if chosen.opened.thumbnails is not None:
                _write_blocks(archive, "thumbnails", chosen.opened.thumbnails, chosen, progress)
            for name, array in _small_arrays(chosen).items():
                _write_array(archive, name, array)
        others = [name for name in chosen.samples.column_names if name not in (ID, LABEL)]
        if others:
            told.notes.append(f"An npz holds no other columns; left out: {', '.join(others)}. Parquet keeps them.")
        return told


def _small_arrays(chosen: Chosen) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {"ids": np.array(texts(chosen.samples[ID]), dtype=np.str_)}
    if LABEL in chosen.samples.column_names:
        arrays["labels"] = np.array(texts(chosen.samples[LABEL]), dtype=np.str_)
    for name, layout in chosen.layouts.items():
        arrays[f"layout_{name}"] = layout.xy[chosen.numbers]
        if layout.trust is not None:
            arrays[f"trust_{name}"] = layout.trust[chosen.numbers]
    return arrays


def _write_blocks(archive: zipfile.ZipFile, name: str, array: NDArray[Any], chosen: Chosen, progress: Progress) -> None:
    """The chosen rows of an array of all, as an entry of the archive."""
    shape = (len(chosen), *array.shape[1:])
    described = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": shape}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array_header_2_0(file, described)
        for part in chosen.blocks(int(np.prod(array.shape[1:])), progress, f"Writing {name}"):
            file.write(np.ascontiguousarray(chosen.take(array, part)).tobytes())


def _write_array(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    """A whole array; texts are compressed, because NumPy makes all of them as wide as the longest."""
    entry = zipfile.ZipInfo(f"{name}.npy")
    entry.compress_type = zipfile.ZIP_DEFLATED if array.dtype.kind == "U" else zipfile.ZIP_STORED
    with archive.open(entry, "w", force_zip64=True) as file:
        np.lib.format.write_array(file, array, allow_pickle=False)
