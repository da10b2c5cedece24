"""Pixels: an upload becomes an upright RGB picture and the sizes that are shown. Knows nothing of packages.

Nothing of the upload is kept but its pixels: type by its first bytes, orientation honoured, place and camera gone.
"""

import warnings
from io import BytesIO

from PIL import Image, ImageCms, ImageFilter, ImageOps, UnidentifiedImageError

from webapp.base.errors import Invalid
from webapp.base.i18n import _

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 50_000_000
LEAST_SIDE, MOST_RATIO = 32, 10
LARGE = 1600
CARD = (720, 315)
THUMB = (160, 160)
KEPT_BY_CROP = 0.4
SIGNS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


def read(content: bytes) -> Image.Image:
    """The upright picture of an upload, RGB, at most 1600 pixels a side. Raises Invalid (field `image`)."""
    kind = _kind(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(BytesIO(content), formats=(kind,))
        _refuse_measures(*image.size)
        image.draft("RGB", (LARGE, LARGE))
        image = _resizable(image)
        image.thumbnail((LARGE, LARGE), Image.Resampling.LANCZOS)
        upright = _flat(ImageOps.exif_transpose(image))
        upright.info.clear()  # comments and the like, which saving would carry on
        return upright
    except Image.DecompressionBombError:
        raise _wrong(_("La imagen tiene demasiados píxeles (máximo 50 megapíxeles).")) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError, ZeroDivisionError):
        raise _wrong(_("No pudimos leer la imagen. Puede estar dañada o incompleta.")) from None


def card(image: Image.Image) -> Image.Image:
    """What the card shows: a crop around what matters; when that would leave less than two fifths, the whole picture
    on its own blurred ground."""
    ratio, wanted = image.width / image.height, CARD[0] / CARD[1]
    if min(ratio / wanted, wanted / ratio) >= KEPT_BY_CROP:
        return _cropped(image, CARD)
    ground = ImageOps.fit(image, (CARD[0] // 8, CARD[1] // 8)).filter(ImageFilter.GaussianBlur(4))
    ground = ground.resize(CARD, Image.Resampling.BICUBIC).point(lambda value: int(value * 0.8))
    whole = ImageOps.contain(image, CARD, Image.Resampling.LANCZOS)
    ground.paste(whole, ((CARD[0] - whole.width) // 2, (CARD[1] - whole.height) // 2))
    return ground


def thumb(image: Image.Image) -> Image.Image:
    """The small square of lists."""
    return _cropped(image, THUMB)


def webp(image: Image.Image) -> bytes:
    """The picture as WebP, pixels only."""
    file = BytesIO()
    image.save(file, "WEBP", quality=83, method=4)
    return file.getvalue()


def jpeg(image: Image.Image) -> bytes:
    """The picture as JPEG, pixels only."""
    file = BytesIO()
    image.save(file, "JPEG", quality=88, optimize=True, progressive=True)
    return file.getvalue()


def _kind(content: bytes) -> str:
    if not content:
        raise _wrong(_("Elige una imagen."))
    if len(content) > MOST_BYTES:
        raise _wrong(_("La imagen pesa más de 20 MB."))
    for sign, kind in SIGNS.items():
        if content.startswith(sign):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    raise _wrong(_("Solo aceptamos imágenes PNG, JPEG o WebP."))


def _refuse_measures(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise _wrong(_("La imagen tiene demasiados píxeles (máximo 50 megapíxeles)."))
    if min(width, height) < LEAST_SIDE:
        raise _wrong(_("La imagen es demasiado pequeña."))
    if max(width, height) > MOST_RATIO * min(width, height):
        raise _wrong(_("La imagen es demasiado alargada."))


def _resizable(image: Image.Image) -> Image.Image:
    """In a mode whose pixels can be averaged: RGB, RGBA, L or CMYK."""
    if "transparency" in image.info or image.mode in ("P", "PA", "LA", "La", "RGBa"):
        return image.convert("RGBA")
    return image if image.mode in ("RGB", "RGBA", "L", "CMYK") else image.convert("RGB")


def _flat(image: Image.Image) -> Image.Image:
    """RGB in the colours of the web, on white where it was transparent."""
    if image.mode == "RGBA":
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    return _web_colours(image, image.info.get("icc_profile")).convert("RGB")


def _web_colours(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        made = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return made or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _cropped(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS, centering=_focus(image, size))


def _focus(image: Image.Image, size: tuple[int, int]) -> tuple[float, float]:
    """Where a crop to `size` should lie (0–1 on each axis): where most is drawn, rather in the middle."""
    ratio, wanted = image.width / image.height, size[0] / size[1]
    if abs(ratio - wanted) < 0.01:
        return 0.5, 0.5
    across = ratio > wanted
    lines = _edges(image, across)
    window = max(1, round(len(lines) * (wanted / ratio if across else ratio / wanted)))
    room = len(lines) - window
    if room <= 0:
        return 0.5, 0.5
    held = [sum(lines[start : start + window]) * _preference(start / room) for start in range(room + 1)]
    best = held.index(max(held)) / room
    return (best, 0.5) if across else (0.5, best)


def _edges(image: Image.Image, across: bool) -> list[int]:
    """How much is drawn in each of 96 columns (`across`) or rows of the picture."""
    small = image.convert("L").resize((96, 96)).filter(ImageFilter.FIND_EDGES).crop((2, 2, 94, 94))
    strip = small.resize((92, 1) if across else (1, 92), Image.Resampling.BOX)
    return [value + 1 for value in strip.tobytes()]


def _preference(place: float) -> float:
    """The middle counts up to a fifth more than the ends."""
    return 1.2 - 0.4 * abs(place - 0.5)


def _wrong(message: str) -> Invalid:
    return Invalid(fields={"image": message})
