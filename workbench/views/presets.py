"""View pipelines that papers and their reference code use, by name.

simclr-cifar         Chen et al. 2020, appendix B.9: crops of 8 to 100 % of the area, colour distortion of strength
                     0.5, no blur at 32 px
simclr-imagenet      Chen et al. 2020, appendix A: the same with strength 1.0, blur of half the views, 224 px
simclr-small-grey    ours, for 28-px grey pictures: hue and saturation mean nothing there, and a crop below 30 %
                     leaves too little of a shirt to know it by
moco-v1              He et al. 2020, section 3.3 and its code: as in instance discrimination, all views jittered
moco-v2              Chen, Fan et al. 2020 and its code: weaker jitter of 80 % of the views, with blur
moco-cifar           He et al., the authors' CIFAR-10 example: crops of 8 to 100 %, the jitter of MoCo v2, no blur
instance-cifar       Wu et al. 2018, the authors' code for CIFAR-10: one view as in moco-v1, without flip
instance-imagenet    Wu et al. 2018, the authors' code: one view as in moco-v1
simsiam              Chen and He 2021, section 4: the views of MoCo v2
simsiam-cifar        Chen and He 2021, appendix D: as at full size, without blur at 32 px
byol                 Grill et al. 2020, appendix B, table 6: two different branches, one always blurred, the other
                     solarised; Barlow Twins and VICReg take the same pair
byol-cifar           the same pair at 32 px, without blur, as solo-learn's asymmetric CIFAR views
swav                 Caron et al. 2020, appendix A.1: two crops of 224 px and six of 96 px, SimCLR's colours
swav-cifar           two crops of 32 px and four of 16 px; areas as at full size
deepcluster-cifar    Caron et al. 2018, section 4: one crop and flip; at 32 px a mild crop
clusterfit-cifar     Yan et al. 2020: the picture as it is for the teacher, and a distorted crop
clusterfit-imagenet  the same at full size, jittered as in VISSL's recipe
dino                 Caron et al. 2021, section 3.1 and its code: BYOL's pair from large crops, eight crops of 96 px
dino-cifar           two different crops of 32 px and four of 16 px, without blur; areas as at full size
ibot-cifar           the crops of dino-cifar; of half of the large ones 30 % is hidden in blocks, the mean of the 10
                     to 50 % of Zhou et al. 2022, section 4
ibot                 Zhou et al. 2022, the authors' ViT-S/16: crops of at least 25 %, ten small ones, patches of 16 px;
                     30 % of the patches are hidden where they draw the share
lejepa               Balestriero and LeCun 2025, the authors' code: two crops of at least 30 % and six small ones, all
                     blurred and solarised alike; small ones of 96 px, whole patches of 16, for their 98
mae                  He et al. 2022, section 4: crop and flip, three quarters of the 16-px patches hidden
mae-cifar            the same at 32 px with patches of 4 px
simmim-cifar         Xie et al. 2022, section 4.1: crops of at least 67 %, 60 % hidden; at 32 px in patches of
                     8 px, where they hide patches of 32 px at 192 px
simmim-imagenet      the same at 224 px, in patches of 32 px as in the authors' code for ViT-B
cpc-cifar            van den Oord et al. 2018, section 3.3: crop, flip and grey, then 7 x 7 tiles that overlap by
                     half, of 8 px at 32 px; their pictures are all grey
cpc-imagenet         the same at the 256 px and with the tiles of 64 px of section 3.3
i-jepa-cifar         Assran et al. 2023, section 3: crop and flip, four target blocks, no distortion of colour; their
                     crops hold 30 % of the area or more
i-jepa-imagenet      the same at 224 px with patches of 16 px, not flipped, as in the authors' code
reconstruction-cifar  crop and flip and nothing that changes colours, as solo-learn's views for reconstruction; crops of
                     MAE's areas
reconstruction-imagenet  the same at 224 px
context-encoder-cifar  Pathak et al. 2016, section 3.3: rectangles that hide up to a quarter of the view, which gave
                     better features than a hole in the middle
context-encoder-imagenet  the same at 224 px, where the paper has 227
colourisation-cifar  Zhang et al. 2016, section 3: crop and flip; the lightness is given
colourisation-imagenet  the same at 224 px
split-brain-cifar    Zhang et al. 2017, section 4: crop and flip; both halves of the channels are given
split-brain-imagenet  the same at 224 px
pixel-gpt-cifar      Chen et al. 2020, section 3.2: pictures shrunk to 16 px, crop and flip, plain values
pixel-gpt-imagenet   the same at 64 px, the largest of the paper's models
exemplar             Dosovitskiy et al. 2014, section 3: shifts of 20 %, scales of 0.7 to 1.4, turns of 20 degrees,
                     contrast and colour; their contrast along principal components is a jitter here
jigsaw-cifar         Noroozi and Favaro 2016, section 3: nine tiles, each normalised by itself; at 32 px tiles of 8 px
                     in cells of 10, which a jitter of 1 px moves, and 100 orders; two thirds grey as in VISSL's recipe
jigsaw-imagenet      the same at 255 px: tiles of 64 px in cells of 85, as VISSL's, and the paper's 1000 orders
relative-position-cifar
                     Doersch et al. 2015, section 3: the middle tile and a neighbour; at 32 px tiles of 8 px in cells
                     of 10; two thirds of the views keep one colour channel of three
relative-position-imagenet
                     the same at 255 px, with the tiles of jigsaw-imagenet; the paper has tiles of 96 px
pirl-cifar           Misra and van der Maaten 2020, section 3.3: a crop, and the tiles of a crop of at least 60 %
pirl-imagenet        the same at 224 px, the tiles of 64 px of a crop of 255 px
pirl-rotation-cifar  the same with a quarter turn in the place of the puzzle
rotation             Gidaris et al. 2018: every picture in all four turns; the crop stands for their padded shift
rotation-imagenet    the same of crops of 8 to 100 %, as in VISSL's recipe
fixmatch-cifar       Sohn et al. 2020, section 2.3: a weak view and one with RandAugment and a hole of half the side, as
                     in their code and in UDA's; the weak shift of 12.5 % is the mild crop of supervised-cifar
fixmatch-imagenet    the same from crops of 8 to 100 %, without the hole, as in the authors' code for ImageNet
transforms           ours, for the transforms of Golan and El-Yaniv 2018 and of AET: two of them a picture, not flipped
supervised-cifar     crop and flip; He et al. 2016, section 4.2, shift by up to 4 px of 32, so at least (28/32)^2 = 77 %
                     of the area stays in view, which the crop here imitates without the black border
supervised-imagenet  crops of 8 to 100 % and flip (Szegedy et al. 2015), as in nearly every recipe at this size
none                 the picture as it is, normalised
"""

from __future__ import annotations

from typing import Any

from workbench.recipes.models import Branch, Choice, Views
from workbench.views.preset_notes import NOTES

__all__ = ["NOTES", "PRESETS"]

Ops = tuple[Choice, ...]


def _op(id_: str, **settings: Any) -> Choice:
    return Choice(id=id_, **settings)


def _views(preset: str, *branches: Branch, size: int = 0) -> Views:
    return Views(preset=preset, size=size, branches=branches)


def _branch(count: int, *ops: Choice, name: str = "A", size: int = 0, statistics: str = "dataset") -> Branch:
    """A branch whose views are normalised before a task hides any of them."""
    tasks = tuple(op for op in ops if op.id in _TASKS)
    rest = tuple(op for op in ops if op.id not in _TASKS)
    return Branch(
        name=name, count=count, size=size, ops=(*rest, _op("normalize", p=1.0, statistics=statistics), *tasks)
    )


def _plain(*ops: Choice) -> Branch:
    """A branch of one view that is not normalised: its values mean colours."""
    return Branch(name="A", count=1, ops=ops)


def _crop(low: float, high: float = 1.0, ratio: tuple[float, float] = (3 / 4, 4 / 3)) -> Choice:
    return _op("random_resized_crop", p=1.0, scale=(low, high), ratio=ratio)


def _jitter(brightness: float, contrast: float, saturation: float, hue: float, p: float = 0.8) -> Choice:
    return _op("colour_jitter", p=p, brightness=brightness, contrast=contrast, saturation=saturation, hue=hue)


def _blur(p: float) -> Choice:
    return _op("gaussian_blur", p=p, sigma=(0.1, 2.0))


def _simclr_colour(strength: float) -> Ops:
    """Colour distortion of the SimCLR paper, appendix A: jitter of 80 % and greyscale of 20 % of the views."""
    main, hue = 0.8 * strength, 0.2 * strength
    return _jitter(main, main, main, hue), _GREY


def _multi_crop(large: int, small: int, locals_: int) -> tuple[Branch, Branch]:
    """Two large crops and several small ones, with one distortion."""
    rest = (_FLIP, *_simclr_colour(1.0), _blur(0.5))
    statistics = "imagenet" if large == 224 else "dataset"
    global_ = _branch(2, _crop(0.14), *rest, name="global", size=large, statistics=statistics)
    local = _branch(locals_, _crop(0.05, 0.14), *rest, name="local", size=small, statistics=statistics)
    return global_, local


_TASKS = ("patch_mask", "block_masks", "region_mask", "patch_grid", "jigsaw", "relative_position", "colour_split")
_FLIP = _op("horizontal_flip", p=0.5)
_GREY = _op("greyscale", p=0.2)
_SOLARIZE = _op("solarize", p=0.2)
_MILD_CROP = _crop(0.77, ratio=(1.0, 1.0))
_BYOL_COLOUR = (_jitter(0.4, 0.4, 0.2, 0.1), _GREY)
_MOCO_V2 = (_crop(0.2), _jitter(0.4, 0.4, 0.4, 0.1), _GREY, _blur(0.5), _FLIP)
_DINO_CROP = _crop(0.4)
_DINO_LOCAL = _crop(0.05, 0.4)
_IBOT_MASK = _op("patch_mask", p=0.5, patch=4, ratio=0.3, kind="block")
_IBOT_LARGE_MASK = _IBOT_MASK.with_params(patch=16)
_HOLES = _op("region_mask", p=1.0, kind="blocks", area=(0.25, 0.25), blocks=4)
_PIRL_COLOUR = (_FLIP, _jitter(0.4, 0.4, 0.4, 0.1), _GREY)


def _imagenet(count: int, *ops: Choice, name: str = "A", size: int = 0) -> Branch:
    return _branch(count, *ops, name=name, size=size, statistics="imagenet")


PRESETS: dict[str, Views] = {
    views.preset: views
    for views in (
        _views("simclr-cifar", _branch(2, _crop(0.08), _FLIP, *_simclr_colour(0.5))),
        _views("simclr-imagenet", _imagenet(2, _crop(0.08), _FLIP, *_simclr_colour(1.0), _blur(0.5)), size=224),
        _views("simclr-small-grey", _branch(2, _crop(0.3), _FLIP, _jitter(0.4, 0.4, 0.0, 0.0))),
        _views("moco-v1", _imagenet(2, _crop(0.2), _GREY, _jitter(0.4, 0.4, 0.4, 0.4, p=1.0), _FLIP), size=224),
        _views("moco-v2", _imagenet(2, *_MOCO_V2), size=224),
        _views("moco-cifar", _branch(2, _crop(0.08), _FLIP, _jitter(0.4, 0.4, 0.4, 0.1), _GREY)),
        _views("instance-cifar", _branch(1, _crop(0.2), _GREY, _jitter(0.4, 0.4, 0.4, 0.4, p=1.0))),
        _views(
            "instance-imagenet",
            _imagenet(1, _crop(0.2), _GREY, _jitter(0.4, 0.4, 0.4, 0.4, p=1.0), _FLIP),
            size=224,
        ),
        _views("simsiam", _imagenet(2, *_MOCO_V2), size=224),
        _views("simsiam-cifar", _branch(2, _crop(0.2), _jitter(0.4, 0.4, 0.4, 0.1), _GREY, _FLIP)),
        _views(
            "byol",
            _imagenet(1, _crop(0.08), _FLIP, *_BYOL_COLOUR, _blur(1.0)),
            _imagenet(1, _crop(0.08), _FLIP, *_BYOL_COLOUR, _blur(0.1), _SOLARIZE, name="B"),
            size=224,
        ),
        _views(
            "byol-cifar",
            _branch(1, _crop(0.08), _FLIP, *_BYOL_COLOUR),
            _branch(1, _crop(0.08), _FLIP, *_BYOL_COLOUR, _SOLARIZE, name="B"),
        ),
        _views("swav", *_multi_crop(224, 96, 6), size=224),
        _views("swav-cifar", *_multi_crop(32, 16, 4)),
        _views("deepcluster-cifar", _branch(1, _MILD_CROP, _FLIP)),
        _views(
            "clusterfit-cifar",
            _branch(1, name="plain"),
            _branch(1, _crop(0.2), _FLIP, *_simclr_colour(0.5), name="distorted"),
        ),
        _views(
            "clusterfit-imagenet",
            _imagenet(1, name="plain"),
            _imagenet(1, _crop(0.08), _jitter(0.4, 0.4, 0.4, 0.2, p=1.0), _FLIP, name="distorted"),
            size=224,
        ),
        _views(
            "dino",
            _imagenet(1, _DINO_CROP, _FLIP, *_BYOL_COLOUR, _blur(1.0), name="global 1"),
            _imagenet(1, _DINO_CROP, _FLIP, *_BYOL_COLOUR, _blur(0.1), _SOLARIZE, name="global 2"),
            _imagenet(8, _DINO_LOCAL, _FLIP, *_BYOL_COLOUR, _blur(0.5), name="local", size=96),
            size=224,
        ),
        _views(
            "dino-cifar",
            _branch(1, _DINO_CROP, _FLIP, *_BYOL_COLOUR, name="global 1", size=32),
            _branch(1, _DINO_CROP, _FLIP, *_BYOL_COLOUR, _SOLARIZE, name="global 2", size=32),
            _branch(4, _DINO_LOCAL, _FLIP, *_BYOL_COLOUR, name="local", size=16),
            size=32,
        ),
        _views(
            "ibot-cifar",
            _branch(1, _DINO_CROP, _FLIP, *_BYOL_COLOUR, _IBOT_MASK, name="global 1", size=32),
            _branch(1, _DINO_CROP, _FLIP, *_BYOL_COLOUR, _SOLARIZE, _IBOT_MASK, name="global 2", size=32),
            _branch(4, _DINO_LOCAL, _FLIP, *_BYOL_COLOUR, name="local", size=16),
            size=32,
        ),
        _views(
            "ibot",
            _imagenet(1, _crop(0.25), _FLIP, *_BYOL_COLOUR, _blur(1.0), _IBOT_LARGE_MASK, name="global 1"),
            _imagenet(1, _crop(0.25), _FLIP, *_BYOL_COLOUR, _blur(0.1), _SOLARIZE, _IBOT_LARGE_MASK, name="global 2"),
            _imagenet(10, _crop(0.05, 0.25), _FLIP, *_BYOL_COLOUR, _blur(0.5), name="local", size=96),
            size=224,
        ),
        _views(
            "lejepa",
            _imagenet(2, _crop(0.3), _FLIP, *_BYOL_COLOUR, _blur(0.5), _SOLARIZE, name="global"),
            _imagenet(6, _crop(0.05, 0.3), _FLIP, *_BYOL_COLOUR, _blur(0.5), _SOLARIZE, name="local", size=96),
            size=224,
        ),
        _views("mae", _imagenet(1, _crop(0.2), _FLIP, _op("patch_mask", p=1.0, patch=16, ratio=0.75)), size=224),
        _views("mae-cifar", _branch(1, _crop(0.2), _FLIP, _op("patch_mask", p=1.0, patch=4, ratio=0.75))),
        _views("simmim-cifar", _branch(1, _crop(0.67), _FLIP, _op("patch_mask", p=1.0, patch=8, ratio=0.6))),
        _views(
            "simmim-imagenet", _imagenet(1, _crop(0.67), _FLIP, _op("patch_mask", p=1.0, patch=32, ratio=0.6)), size=224
        ),
        _views("cpc-cifar", _branch(1, _crop(0.3), _FLIP, _GREY, _op("patch_grid", p=1.0, patch=8, jitter=1))),
        _views(
            "cpc-imagenet",
            _imagenet(1, _crop(0.3), _FLIP, _GREY, _op("patch_grid", p=1.0, patch=64, jitter=4)),
            size=256,
        ),
        _views("i-jepa-cifar", _branch(1, _crop(0.3), _FLIP, _op("block_masks", p=1.0, patch=4))),
        _views("i-jepa-imagenet", _imagenet(1, _crop(0.3), _op("block_masks", p=1.0, patch=16)), size=224),
        _views("reconstruction-cifar", _branch(1, _crop(0.2), _FLIP)),
        _views("reconstruction-imagenet", _imagenet(1, _crop(0.2), _FLIP), size=224),
        _views(
            "context-encoder-cifar",
            _branch(1, _crop(0.2), _FLIP, _HOLES),
        ),
        _views("context-encoder-imagenet", _imagenet(1, _crop(0.2), _FLIP, _HOLES), size=224),
        _views("colourisation-cifar", _plain(_crop(0.2), _FLIP, _op("colour_split", p=1.0, given="lightness"))),
        _views(
            "colourisation-imagenet", _plain(_crop(0.2), _FLIP, _op("colour_split", p=1.0, given="lightness")), size=224
        ),
        _views("split-brain-cifar", _plain(_crop(0.2), _FLIP, _op("colour_split", p=1.0, given="both"))),
        _views("split-brain-imagenet", _plain(_crop(0.2), _FLIP, _op("colour_split", p=1.0, given="both")), size=224),
        _views("pixel-gpt-cifar", _plain(_MILD_CROP, _FLIP), size=16),
        _views("pixel-gpt-imagenet", _plain(_MILD_CROP, _FLIP), size=64),
        _views(
            "exemplar",
            _branch(
                1,
                _op(
                    "affine",
                    p=1.0,
                    degrees=(-20.0, 20.0),
                    translate_x=0.2,
                    translate_y=0.2,
                    scale=(0.7, 1.4),
                    fill="edge",
                ),
                _jitter(0.4, 0.5, 0.5, 0.1, p=1.0),
            ),
        ),
        _views(
            "jigsaw-cifar",
            _branch(
                1,
                _MILD_CROP,
                _FLIP,
                _op("greyscale", p=0.66),
                _op("jigsaw", p=1.0, rows=3, permutations=100, gap=2, jitter=1, normalise=True),
            ),
        ),
        _views(
            "jigsaw-imagenet",
            _imagenet(
                1,
                _MILD_CROP,
                _FLIP,
                _op("greyscale", p=0.66),
                _op("jigsaw", p=1.0, rows=3, permutations=1000, gap=21, jitter=10, normalise=True),
            ),
            size=255,
        ),
        _views(
            "relative-position-cifar",
            _branch(
                1,
                _MILD_CROP,
                _FLIP,
                _op("channel_drop", p=0.66, dropped=2, fill="kept"),
                _op("relative_position", p=1.0, gap=2, jitter=1),
            ),
        ),
        _views(
            "relative-position-imagenet",
            _imagenet(
                1,
                _MILD_CROP,
                _FLIP,
                _op("channel_drop", p=0.66, dropped=2, fill="kept"),
                _op("relative_position", p=1.0, gap=21, jitter=10),
            ),
            size=255,
        ),
        _views(
            "pirl-cifar",
            _branch(1, _crop(0.2), *_PIRL_COLOUR, name="picture"),
            _branch(1, _crop(0.6), *_PIRL_COLOUR, _op("jigsaw", p=1.0, rows=3, gap=2, jitter=1), name="puzzle"),
        ),
        _views(
            "pirl-imagenet",
            _imagenet(1, _crop(0.08), *_PIRL_COLOUR, name="picture"),
            _imagenet(
                1,
                _crop(0.6),
                *_PIRL_COLOUR,
                _op("jigsaw", p=1.0, rows=3, permutations=1000, gap=21, jitter=10),
                name="puzzle",
                size=255,
            ),
            size=224,
        ),
        _views(
            "pirl-rotation-cifar",
            _branch(1, _crop(0.2), *_PIRL_COLOUR, name="picture"),
            _branch(1, _crop(0.2), *_PIRL_COLOUR, _op("quarter_turn", p=1.0), name="turned"),
        ),
        _views("rotation", _branch(4, _MILD_CROP, _FLIP, _op("quarter_turn", p=1.0, turns="each"))),
        _views(
            "rotation-imagenet", _imagenet(4, _crop(0.08), _FLIP, _op("quarter_turn", p=1.0, turns="each")), size=224
        ),
        _views(
            "fixmatch-cifar",
            _branch(1, _MILD_CROP, _FLIP, name="weak"),
            _branch(
                1,
                _MILD_CROP,
                _FLIP,
                _op("rand_augment", p=1.0, num_ops=2, magnitude=10),
                _op("cutout", p=1.0, size=0.5),
                name="strong",
            ),
        ),
        _views(
            "fixmatch-imagenet",
            _imagenet(1, _crop(0.08), _FLIP, name="weak"),
            _imagenet(1, _crop(0.08), _FLIP, _op("rand_augment", p=1.0, num_ops=2, magnitude=10), name="strong"),
            size=224,
        ),
        _views("transforms", _branch(2, _op("known_transform", p=1.0))),
        _views("supervised-cifar", _branch(1, _MILD_CROP, _FLIP)),
        _views("supervised-imagenet", _imagenet(1, _crop(0.08), _FLIP), size=224),
        _views("none", _branch(1)),
    )
}
