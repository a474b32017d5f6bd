"""The files of TensorBoard's embedding projector (also https://projector.tensorflow.org)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from workbench.data.base import Progress
from workbench.embeddings.exporters.base import Chosen, Exporter, Told
from workbench.embeddings.exporters.columns import one_line, texts
from workbench.embeddings.exporters.pictures import fitting_size, sheet
from workbench.embeddings.exporters.usable import usable
from workbench.embeddings.exporters.word2vec import as_lines

TENSORS, METADATA, SPRITE, CONFIG = "tensors.tsv", "metadata.tsv", "sprite.png", "projector_config.pbtxt"


class Projector(Exporter):
    """A folder: tensors.tsv, metadata.tsv, sprite.png where there are pictures, and projector_config.pbtxt.

    The projector takes a header line in metadata.tsv when there are two columns or more, and none when there is one.
    It draws a sprite of at most 8192 px a side: pictures are made smaller to fit.
    """

    id: ClassVar[str] = "projector"
    title: ClassVar[str] = "TensorBoard projector (folder)"
    layouts: ClassVar[Literal["none", "one", "all"]] = "none"
    folder: ClassVar[bool] = True

    def write(self, chosen: Chosen, draft: Path, progress: Progress) -> Told:
        told = Told()
        kept = usable(chosen, told, progress)
        vectors = kept.opened.vectors
        with open(draft / TENSORS, "wb") as file:
            for part in kept.blocks(16 * vectors.shape[1], progress, "Writing vectors"):
                file.write(as_lines([], kept.take(vectors, part).astype(np.float32), "\t"))
        (draft / METADATA).write_text(_metadata(kept, told), encoding="utf-8", errors="replace", newline="\n")
        size = _write_sprite(kept, draft / SPRITE, told, progress)
        title = kept.opened.meta.title or kept.opened.folder.name
        (draft / CONFIG).write_text(_config(title, size), encoding="utf-8", errors="replace", newline="\n")
        return told


def _metadata(chosen: Chosen, told: Told) -> str:
    names, _ = one_line(list(chosen.samples.column_names))
    columns, broken = [], 0
    for column in chosen.samples.columns:
        values, changed = one_line(texts(column))
        columns.append(values)
        broken += changed
    told.note(broken, "1 value had a tab or a line break; it has a space there.",
              "{} values had tabs or line breaks; they have spaces there.")  # fmt: skip
    header = ["\t".join(names)] if len(names) > 1 else []
    return "".join(f"{line}\n" for line in [*header, *("\t".join(row) for row in zip(*columns, strict=True))])


def _write_sprite(chosen: Chosen, path: Path, told: Told, progress: Progress) -> tuple[int, int] | None:
    """The sprite's picture size (h, w); None where there is none."""
    if chosen.opened.thumbnails is None:
        return None
    whole: tuple[int, int] = chosen.opened.thumbnails.shape[1:3]
    size = fitting_size(len(chosen), *whole)
    if size is None:
        told.notes.append(f"{len(chosen):,} pictures do not fit one sprite of 8192 px; it is left out.")
        return None
    if size != whole:
        told.notes.append(
            f"Pictures are {size[1]}x{size[0]} px, not {whole[1]}x{whole[0]}, so that the sprite stays within 8192 px."
        )
    sheet(chosen, size, size, progress).save(path, "PNG")
    return size


def _config(title: str, size: tuple[int, int] | None) -> str:
    escaped = title.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    lines = ["embeddings {", f'  tensor_name: "{escaped}"', f'  tensor_path: "{TENSORS}"',
             f'  metadata_path: "{METADATA}"']  # fmt: skip
    if size is not None:
        sides = [f"    single_image_dim: {side}" for side in (size[1], size[0])]
        lines += ["  sprite {", f'    image_path: "{SPRITE}"', *sides, "  }"]
    return "\n".join([*lines, "}", ""])
