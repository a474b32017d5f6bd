from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from workbench.data.pixels import decode, reason, shorter_side


def encoded(image: Image.Image, kind: str = "PNG", **options) -> BytesIO:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return BytesIO(stream.getvalue())


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("1", 1, (255, 255, 255)),
        ("L", 77, (77, 77, 77)),
        ("LA", (0, 0), (255, 255, 255)),
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("RGBA", (10, 20, 30, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 128), (127, 127, 127)),
        ("I;16", 257 * 100, (100, 100, 100)),
    ],
)
def test_every_png_mode_becomes_the_colour_that_is_seen_on_white(mode, colour, seen):
    pixels = decode(encoded(Image.new(mode, (12, 12), colour)), 12)
    assert pixels.shape == (12, 12, 3)
    assert pixels.reshape(-1, 3).max(0).tolist() == pixels.reshape(-1, 3).min(0).tolist() == list(seen)


def test_palette_images_keep_their_colours_and_their_transparent_entry_is_white():
    image = Image.new("P", (8, 8), 0)
    image.putpalette([200, 10, 20, 0, 0, 0])
    image.putpixel((3, 4), 1)
    pixels = decode(encoded(image, transparency=1), 8)
    assert pixels[0, 0].tolist() == [200, 10, 20]
    assert pixels[4, 3].tolist() == [255, 255, 255]


def test_cmyk_jpeg_becomes_rgb():
    pixels = decode(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95), 16)
    assert np.abs(pixels.reshape(-1, 3).mean(0) - [255, 0, 0]).max() < 4


def test_sixteen_bit_png_keeps_its_whole_range():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    pixels = decode(encoded(Image.fromarray(ramp)), 16)[..., 0]
    assert np.array_equal(pixels, np.rint(ramp / 257).astype(np.uint8))


def test_float_tiff_between_zero_and_one_is_scaled_and_one_outside_is_refused():
    half = Image.fromarray(np.full((8, 8), 0.5, np.float32))
    assert decode(encoded(half, "TIFF"), 8)[0, 0].tolist() == [128, 128, 128]
    with pytest.raises(ValueError, match="-3"):
        decode(encoded(Image.fromarray(np.full((8, 8), -3, np.float32)), "TIFF"), 8)


def test_exif_orientation_is_honoured():
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees clockwise
    turned = decode(encoded(Image.fromarray(pixels), "PNG", exif=exif), 16)
    assert (turned[:, 8:] == 255).all()
    assert (turned[:, :8] == 0).all()


def test_image_of_the_stored_size_is_not_resampled():
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    assert np.array_equal(decode(encoded(Image.fromarray(noise)), 20), noise)


def test_shorter_side_is_scaled_and_the_centre_kept():
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = (0, 255, 0)
    pixels = decode(encoded(Image.fromarray(wide)), 10)
    assert (pixels[:, 1:-1] == (0, 255, 0)).all()


def test_one_pixel_is_an_image():
    assert (decode(encoded(Image.new("RGB", (1, 1), (9, 8, 7))), 4) == (9, 8, 7)).all()


def test_large_jpeg_keeps_its_picture_when_it_is_decoded_small():
    ramp = np.repeat(np.linspace(0, 255, 1024).astype(np.uint8)[None], 1024, 0)
    pixels = decode(encoded(Image.fromarray(ramp), "JPEG", quality=95), 16)[..., 0].astype(int)
    assert np.abs(pixels - np.linspace(8, 247, 16)).max() < 4


def test_header_gives_the_shorter_side_and_text_gives_none():
    assert shorter_side(encoded(Image.new("L", (40, 13)))) == 13
    assert shorter_side(BytesIO(b"not an image")) is None


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: b"", "not an image"),
        (lambda raw: b"hello", "not an image"),
        (lambda raw: raw[: len(raw) // 2], "cut off"),
    ],
)
def test_reasons_for_damage_are_plain(damage, words):
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    raw = encoded(Image.fromarray(noise), "JPEG").getvalue()
    with pytest.raises(Exception) as caught:
        decode(BytesIO(damage(raw)), 64)
    assert words in reason(caught.value)
