"""View pipelines that papers and their reference code use, by name.

simclr-cifar         Chen et al. 2020, appendix B.9: crops of 8 to 100 % of the area, colour distortion of strength
                     0.5, no blur at 32 px
simclr-imagenet      Chen et al. 2020, appendix A: the same with strength 1.0, blur of half the views, 224 px
simclr-small-grey    ours, for 28-px grey pictures: hue and saturation mean nothing there, and a crop below 30 %
                     leaves too little of a shirt to know it by
rotation             Gidaris et al. 2018: every picture in all four turns; the crop stands for their padded shift
supervised-cifar     crop and flip; He et al. 2016, section 4.2, shift by up to 4 px of 32, so at least (28/32)^2 = 77 %
                     of the area stays in view, which the crop here imitates without the black border
none                 the picture as it is, normalised
"""

from __future__ import annotations

from typing import Any

from workbench.recipes.models import Branch, Choice, Views


def _op(id_: str, **settings: Any) -> Choice:
    return Choice(id=id_, **settings)


def _views(preset: str, count: int, *ops: Choice, size: int = 0, statistics: str = "dataset") -> Views:
    normalise = _op("normalize", p=1.0, statistics=statistics)
    return Views(preset=preset, size=size, branches=(Branch(name="A", count=count, ops=(*ops, normalise)),))


def _simclr_colour(strength: float) -> tuple[Choice, Choice]:
    """Colour distortion of the SimCLR paper, appendix A: jitter of 80 % and greyscale of 20 % of the views."""
    main, hue = 0.8 * strength, 0.2 * strength
    jitter = _op("colour_jitter", p=0.8, brightness=main, contrast=main, saturation=main, hue=hue)
    return jitter, _op("greyscale", p=0.2)


_CROP = _op("random_resized_crop", p=1.0, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3))
_MILD_CROP = _op("random_resized_crop", p=1.0, scale=(0.77, 1.0), ratio=(1.0, 1.0))
_FLIP = _op("horizontal_flip", p=0.5)

PRESETS: dict[str, Views] = {
    views.preset: views
    for views in (
        _views("simclr-cifar", 2, _CROP, _FLIP, *_simclr_colour(0.5)),
        _views(
            "simclr-imagenet",
            2,
            _CROP,
            _FLIP,
            *_simclr_colour(1.0),
            _op("gaussian_blur", p=0.5, sigma=(0.1, 2.0)),
            size=224,
            statistics="imagenet",
        ),
        _views(
            "simclr-small-grey",
            2,
            _op("random_resized_crop", p=1.0, scale=(0.3, 1.0), ratio=(3 / 4, 4 / 3)),
            _FLIP,
            _op("colour_jitter", p=0.8, brightness=0.4, contrast=0.4, saturation=0.0, hue=0.0),
        ),
        _views("rotation", 4, _MILD_CROP, _FLIP, _op("quarter_turn", p=1.0, turns="each")),
        _views("supervised-cifar", 1, _MILD_CROP, _FLIP),
        _views("none", 1),
    )
}
