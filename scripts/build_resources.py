"""Make the bundled data sets under resources/ from their published packages.

    python scripts/build_resources.py fashion [--from /usr/share/datasets/fashion-mnist]
    python scripts/build_resources.py emoji --from FOLDER

The first wants Debian's `dataset-fashion-mnist`; the second the unpacked `npm pack emoji-datasource-google@16.0.0`.
The same input gives the same files, so a change of this script shows up as a change of them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workbench.data.idx import read_idx

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
APACHE = Path("/usr/share/common-licenses/Apache-2.0")
PER_CLASS = {"train": 800, "test": 200}
SEED = 0
EMOJI_PX = 64
EMOJI_COLUMNS = 44

MIT_TERMS = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""

FASHION_README = """\
# Fashion-MNIST, 10,000 images

28x28 greyscale pictures of clothing in 10 classes by Zalando Research
(https://github.com/zalandoresearch/fashion-mnist, MIT; Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747). A balanced
draw made by `scripts/build_resources.py fashion` from Debian's `dataset-fashion-mnist`: 800 images a class of the
official train split, 200 a class of the official test split.

`images.npz` holds, for each split, `NAME_images` uint8 (N, 28, 28), `NAME_labels` uint8 (N,) and `NAME_rows` int32
(N,), the positions in the official split.
"""

EMOJI_README = """\
# Noto emoji, {count:,} pictures

Google's Noto emoji v2.048 (https://github.com/googlefonts/noto-emoji, artwork Apache-2.0) at 64x64, with names and
categories from emoji-data (https://github.com/iamcal/emoji-data, MIT). Made by `scripts/build_resources.py emoji` from
the npm package `emoji-datasource-google` 16.0.0: base emoji only, without skin tone variants and without the second
copy of pictures that two code points share.

`sheet.webp` holds the RGBA pictures in rows of {columns}; `emoji.json` lists them in the same order.
"""


def build_fashion(source: Path) -> None:
    """Draw the balanced subset; raises DataError where the idx files are missing."""
    arrays: dict[str, NDArray[Any]] = {}
    rng = np.random.default_rng(SEED)
    for split, stem in (("train", "train"), ("test", "t10k")):
        images = read_idx(source / f"{stem}-images-idx3-ubyte.gz")
        labels = read_idx(source / f"{stem}-labels-idx1-ubyte.gz")
        rows = balanced_rows(labels, PER_CLASS[split], rng)
        arrays |= {f"{split}_images": images[rows], f"{split}_labels": labels[rows], f"{split}_rows": rows}
    folder = RESOURCES / "fashion_mnist_10k"
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "images.npz", allow_pickle=False, **arrays)
    (folder / "LICENSE").write_text(f"The MIT License (MIT)\n\nCopyright (c) 2017 Zalando SE\n\n{MIT_TERMS}")
    (folder / "README.md").write_text(FASHION_README)


def balanced_rows(labels: NDArray[Any], per_class: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Positions of `per_class` random samples of every class, ascending."""
    chosen = [rng.choice(np.flatnonzero(labels == label), per_class, replace=False) for label in np.unique(labels)]
    return np.sort(np.concatenate(chosen)).astype(np.int32)


def build_emoji(package: Path) -> None:
    """Lay the base emoji out on one sheet and write their table beside it."""
    entries = base_emoji(package)
    rows = -(-len(entries) // EMOJI_COLUMNS)
    sheet = Image.new("RGBA", (EMOJI_COLUMNS * EMOJI_PX, rows * EMOJI_PX))
    for place, (_, picture) in enumerate(entries):
        sheet.paste(picture, (place % EMOJI_COLUMNS * EMOJI_PX, place // EMOJI_COLUMNS * EMOJI_PX))
    folder = RESOURCES / "noto_emoji"
    folder.mkdir(parents=True, exist_ok=True)
    sheet.save(folder / "sheet.webp", lossless=True, quality=100, method=6)
    write_emoji_table(folder, [entry for entry, _ in entries])
    (folder / "LICENSE").write_text(emoji_licence(package))
    (folder / "README.md").write_text(EMOJI_README.format(count=len(entries), columns=EMOJI_COLUMNS))


def base_emoji(package: Path) -> list[tuple[dict[str, Any], Image.Image]]:
    """Entries and pictures in Unicode's own order; an obsolete code point with its heir's picture is left out."""
    listed = json.loads((package / "emoji.json").read_text(encoding="utf-8"))
    wanted = [e for e in listed if e["has_img_google"] and e["category"] != "Component"]
    wanted.sort(key=lambda e: ("obsoleted_by" in e, e["sort_order"]))
    kept: dict[str, tuple[dict[str, Any], Image.Image]] = {}
    for entry in wanted:
        picture = Image.open(package / "img" / "google" / "64" / entry["image"]).convert("RGBA")
        kept.setdefault(hashlib.sha256(picture.tobytes()).hexdigest(), (entry, picture))
    return sorted(kept.values(), key=lambda pair: pair[0]["sort_order"])


def write_emoji_table(folder: Path, entries: list[dict[str, Any]]) -> None:
    """One line an emoji, so that a change of the source reads as a diff."""
    lines = [
        json.dumps(
            {
                "code": entry["unified"].lower(),
                "name": (entry["name"] or entry["short_name"].replace("_", " ")).lower(),
                "category": entry["category"],
                "subcategory": entry["subcategory"],
            },
            ensure_ascii=False,
        )
        for entry in entries
    ]
    head = f'{{"side_px": {EMOJI_PX}, "columns": {EMOJI_COLUMNS}, "emoji": [\n'
    (folder / "emoji.json").write_text(head + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def emoji_licence(package: Path) -> str:
    """Whose terms cover what, followed by both licences."""
    intro = textwrap.dedent("""\
        sheet.webp: Noto emoji, Copyright Google LLC, under the Apache License 2.0 (the flags in it are in the public
        domain or otherwise exempt from copyright). The pictures were put on one sheet and recompressed without loss.
        emoji.json: names and categories from emoji-data, Copyright (c) 2013 Cal Henderson, under the MIT License.
        """)
    licence = (package / "LICENSE").read_text(encoding="utf-8")
    return f"{intro}\n{'=' * 80}\n{APACHE.read_text()}\n{'=' * 80}\n{licence}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["fashion", "emoji"])
    parser.add_argument("--from", dest="source", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    arguments = parser.parse_args()
    {"fashion": build_fashion, "emoji": build_emoji}[arguments.what](arguments.source)


if __name__ == "__main__":
    main()
