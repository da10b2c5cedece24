"""Pictures: what is taken in, what is left of it, and their order in a package."""

import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw

from tests.conftest import count
from webapp.base.db import db, transaction
from webapp.base.errors import Conflict, Invalid
from webapp.base.storage import Storage
from webapp.domain.audit.actors import Actor
from webapp.domain.audit.models import AuditLog
from webapp.domain.catalog import drawing, media, packages
from webapp.domain.catalog.models import PackageMedia

CAIO = Actor("staff", "caio", "Caio Lima", source="ADMIN_PANEL")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PNG = b"\x89PNG\r\n\x1a\n"


def picture(size=(800, 600), kind="PNG", color=(200, 40, 90), mode="RGB", **more) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, kind, **more)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is this big, and holds nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.fixture
def storage(tmp_path) -> Storage:
    return Storage(tmp_path / "media")


def stored(storage: Storage, key: str, size: str = "large") -> Image.Image:
    with Image.open(storage.path(media.variant(key, size))) as image:
        image.load()
        return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_stored_in_every_size(app, storage, kind):
    taken = media.prepare(picture((2400, 1800), kind), storage)
    assert (taken.width, taken.height) == (1600, 1200)
    sizes = {size: (stored(storage, taken.storage_key, size)) for size in ("large", "card", "thumb", "photo")}
    assert {size: image.format for size, image in sizes.items()} == {
        "large": "WEBP",
        "card": "WEBP",
        "thumb": "WEBP",
        "photo": "JPEG",
    }
    assert [sizes[size].size for size in ("card", "thumb", "photo")] == [(720, 315), (160, 160), (1600, 1200)]


def test_small_pictures_are_not_blown_up(app, storage):
    assert media.prepare(picture((300, 200)), storage).width == 300


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_png_is_read(app, storage, mode):
    taken = media.prepare(picture(mode=mode, color=None), storage)
    assert stored(storage, taken.storage_key).mode == "RGB"


def test_transparent_parts_become_white(app, storage):
    taken = media.prepare(picture(mode="RGBA", color=(0, 0, 0, 0)), storage)
    assert min(stored(storage, taken.storage_key).convert("RGB").getpixel((5, 5))) > 250


def test_print_colours_are_read(app, storage):
    taken = media.prepare(picture(kind="JPEG", mode="CMYK", color=(0, 255, 255, 0)), storage)
    red, green, _blue = stored(storage, taken.storage_key).convert("RGB").getpixel((5, 5))
    assert red > 200 > green


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_taken_sideways_stands_upright(app, storage, kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    taken = media.prepare(picture((400, 200), kind, exif=exif), storage)
    assert (taken.width, taken.height) == (200, 400)


def test_where_and_with_what_it_was_taken_is_forgotten(app, storage):
    exif = Image.Exif()
    exif[0x0110] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (19.0, 25.0, 57.0)
    taken = media.prepare(picture(kind="JPEG", exif=exif, comment=b"SecretComment"), storage)
    for size in ("large", "card", "thumb", "photo"):
        assert not stored(storage, taken.storage_key, size).getexif()
        assert b"Secret" not in storage.path(media.variant(taken.storage_key, size)).read_bytes()


@pytest.mark.parametrize(
    "tail", [b"<script>alert(1)</script>", b"PK\x03\x04" + b"\0" * 60, SVG, b"<?php system($_GET[0])"]
)
def test_of_a_file_that_is_two_things_only_the_pixels_stay(app, storage, tail):
    taken = media.prepare(picture(kind="JPEG") + tail, storage)
    for size in ("large", "card", "thumb", "photo"):
        assert tail not in storage.path(media.variant(taken.storage_key, size)).read_bytes()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Elige"),
        (SVG, "PNG, JPEG o WebP"),
        (b"GIF89a" + b"\0" * 60, "PNG, JPEG o WebP"),
        (b"%PDF-1.7", "PNG, JPEG o WebP"),
        (b"MZ" + b"\0" * 90, "PNG, JPEG o WebP"),
        (b"RIFF\0\0\0\0WAVEfmt ", "PNG, JPEG o WebP"),
        (PNG + SVG, "leer"),
        (b"\xff\xd8\xff" + b"\0" * 90, "leer"),
        (picture()[:90], "leer"),
        (picture(kind="JPEG")[:400], "leer"),
        (PNG + b"\0" * (20 * 1024 * 1024), "20 MB"),
        (bomb(20_000, 20_000), "megap"),
        (bomb(60_000, 60_000), "megap"),
        (bomb(7_100, 7_100), "megap"),
        (picture((20, 20)), "pequeña"),
        (picture((2000, 100)), "alargada"),
    ],
)
def test_what_is_no_picture_of_ours_is_refused_with_a_reason(app, storage, content, why):
    with pytest.raises(Invalid) as refusal:
        media.prepare(content, storage)
    assert why in refusal.value.fields["image"]
    assert not storage.root.exists()


def test_a_bomb_within_the_limit_that_holds_nothing_is_refused(app, storage):
    with pytest.raises(Invalid, match="leer"):
        media.prepare(bomb(2000, 2000), storage)


def test_the_card_is_cut_around_what_is_drawn(app):
    image = Image.new("RGB", (1600, 1200), "white")
    ImageDraw.Draw(image).rectangle((600, 820, 1000, 1180), fill="red", outline="black", width=12)
    card = drawing.card(image)
    reds = [card.getpixel((360, y))[0] > 200 > card.getpixel((360, y))[1] for y in range(card.height)]
    assert sum(reds) > 140  # of the about 162 rows that the square takes at this size


def test_a_portrait_is_shown_whole_on_its_card(app):
    image = Image.new("RGB", (900, 1400), "blue")
    ImageDraw.Draw(image).rectangle((0, 0, 899, 60), fill="red")
    ImageDraw.Draw(image).rectangle((0, 1340, 899, 1399), fill="lime")
    card = drawing.card(image)
    assert card.getpixel((360, 4))[0] > 150
    assert card.getpixel((360, 310))[1] > 150


def attached(package, color: int = 0, **more) -> PackageMedia:
    with transaction():
        return media.attach(package, media.Picture(f"ab/{color:030x}.webp", 10, 10), by=CAIO, **more)


def keys(package) -> list[str]:
    db.session.expire_all()
    return [one.storage_key[31:33] for one in packages.pictures_of(package.id)]


def test_the_first_picture_is_the_cover_and_others_follow(kit):
    for color in range(3):
        attached(kit, color)
    assert keys(kit) == ["00", "01", "02"]
    assert count(AuditLog, AuditLog.action == "create") == 3


def test_pictures_are_arranged_and_those_not_named_follow(kit):
    ids = [attached(kit, color).id for color in range(3)]
    with transaction():
        media.arrange(kit, [ids[2], ids[2], 999], by=CAIO)
    assert keys(kit) == ["02", "00", "01"]


def test_any_picture_can_become_the_cover(kit):
    last = [attached(kit, color) for color in range(3)][-1]
    with transaction():
        media.make_cover(last, by=CAIO)
    assert keys(kit) == ["02", "00", "01"]


def test_when_the_cover_is_taken_out_the_next_one_is_it(kit):
    first, *_others = [attached(kit, color) for color in range(3)]
    with transaction():
        media.remove(first, by=CAIO)
    assert keys(kit) == ["01", "02"]
    assert [one.position for one in packages.pictures_of(kit.id)] == [0, 1]
    assert count(AuditLog, AuditLog.action == "delete") == 1


def test_a_picture_has_words_for_those_who_do_not_see_it(kit):
    one = attached(kit, alt=" Un\0 jardín ")
    assert one.alt == "Un jardín"
    with pytest.raises(Invalid), transaction():
        media.describe(one, "x" * 201, by=CAIO)


def test_a_package_takes_twenty_pictures(kit):
    for color in range(20):
        attached(kit, color)
    with pytest.raises(Conflict):
        attached(kit, 21)


def test_a_picture_of_another_package_is_not_found(kit, app):
    one = attached(kit)
    with pytest.raises(Conflict):
        media.get_picture(kit.id + 1, one.id)
