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
simsiam              Chen and He 2021, section 4: the views of MoCo v2
simsiam-cifar        Chen and He 2021, appendix D: as at full size, without blur at 32 px
byol                 Grill et al. 2020, appendix B, table 6: two different branches, one always blurred, the other
                     solarised; Barlow Twins and VICReg take the same pair
byol-cifar           the same pair at 32 px, without blur, as solo-learn's asymmetric CIFAR views
swav                 Caron et al. 2020, appendix A.1: two crops of 224 px and six of 96 px, SimCLR's colours
swav-cifar           two crops of 32 px and four of 16 px; areas as at full size
dino                 Caron et al. 2021, section 3.1 and its code: BYOL's pair from large crops, eight crops of 96 px
dino-cifar           two different crops of 32 px and four of 16 px, without blur; areas as at full size
mae                  He et al. 2022, section 4: crop and flip, three quarters of the 16-px patches hidden
mae-cifar            the same at 32 px with patches of 4 px
simmim-cifar         Xie et al. 2022, section 4.1: crops of at least 67 %, 60 % hidden; at 32 px in patches of
                     8 px, where they hide patches of 32 px at 192 px
exemplar             Dosovitskiy et al. 2014, section 3: shifts of 20 %, scales of 0.7 to 1.4, turns of 20 degrees,
                     contrast and colour; their contrast along principal components is a jitter here
rotation             Gidaris et al. 2018: every picture in all four turns; the crop stands for their padded shift
supervised-cifar     crop and flip; He et al. 2016, section 4.2, shift by up to 4 px of 32, so at least (28/32)^2 = 77 %
                     of the area stays in view, which the crop here imitates without the black border
none                 the picture as it is, normalised
"""

from __future__ import annotations

from typing import Any

from workbench.recipes.models import Branch, Choice, Views

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


_TASKS = ("patch_mask", "region_mask", "patch_grid", "jigsaw", "relative_position", "colour_split")
_FLIP = _op("horizontal_flip", p=0.5)
_GREY = _op("greyscale", p=0.2)
_SOLARIZE = _op("solarize", p=0.2)
_MILD_CROP = _crop(0.77, ratio=(1.0, 1.0))
_BYOL_COLOUR = (_jitter(0.4, 0.4, 0.2, 0.1), _GREY)
_MOCO_V2 = (_crop(0.2), _jitter(0.4, 0.4, 0.4, 0.1), _GREY, _blur(0.5), _FLIP)
_DINO_CROP = _crop(0.4)
_DINO_LOCAL = _crop(0.05, 0.4)


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
        _views("mae", _imagenet(1, _crop(0.2), _FLIP, _op("patch_mask", p=1.0, patch=16, ratio=0.75)), size=224),
        _views("mae-cifar", _branch(1, _crop(0.2), _FLIP, _op("patch_mask", p=1.0, patch=4, ratio=0.75))),
        _views("simmim-cifar", _branch(1, _crop(0.67), _FLIP, _op("patch_mask", p=1.0, patch=8, ratio=0.6))),
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
        _views("rotation", _branch(4, _MILD_CROP, _FLIP, _op("quarter_turn", p=1.0, turns="each"))),
        _views("supervised-cifar", _branch(1, _MILD_CROP, _FLIP)),
        _views("none", _branch(1)),
    )
}

NOTES: dict[str, str] = {
    "simclr-cifar": "Two crops with colour distortion of half strength (Chen et al. 2020, appendix B.9)",
    "simclr-imagenet": "Two crops with full colour distortion and blur (Chen et al. 2020, appendix A)",
    "simclr-small-grey": "For small grey pictures: mild crops, brightness and contrast only",
    "moco-v1": "Every view jittered, hue as strongly as the rest (He et al. 2020)",
    "moco-v2": "Weaker jitter of most views, with blur (Chen, Fan et al. 2020)",
    "moco-cifar": "MoCo v2's colours at small size, without blur (the authors' CIFAR-10 example)",
    "instance-cifar": "One view, always jittered, not flipped (Wu et al. 2018)",
    "simsiam": "The views of MoCo v2 (Chen and He 2021)",
    "simsiam-cifar": "The views of MoCo v2 at small size, without blur (Chen and He 2021)",
    "byol": "An asymmetric pair, one always blurred, one solarised (Grill et al. 2020); also VICReg",
    "byol-cifar": "The asymmetric pair at small size, without blur (solo-learn)",
    "swav": "Multi-crop: two of 224 px, six of 96 px (Caron et al. 2020)",
    "swav-cifar": "Multi-crop at small size: two of 32 px, four of 16 px",
    "dino": "Two different large crops and eight of 96 px (Caron et al. 2021)",
    "dino-cifar": "Multi-crop at small size: two different of 32 px, four of 16 px",
    "mae": "Crop and flip, three quarters of the patches hidden (He et al. 2022)",
    "mae-cifar": "The same at small size, with patches of 4 px",
    "simmim-cifar": "Six tenths of large patches hidden, mild crops (Xie et al. 2022)",
    "exemplar": "Shift, scale, turn and colour of one picture (Dosovitskiy et al. 2014)",
    "rotation": "Every picture in all four quarter turns (Gidaris et al. 2018)",
    "supervised-cifar": "A mild crop and a flip (He et al. 2016, section 4.2)",
    "none": "The picture as it is, normalised",
}
"""What each preset is, in a line for lists."""
