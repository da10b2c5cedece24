"""What is sent along with a form: sheets; pictures, decoded and stored at once, kept while the rest does not fit.

A kept picture travels in the form as a signed note of where it lies; one that is never used stays in the storage, as
all files do, named by its content.
"""

from collections.abc import Sequence

from flask import Response, current_app, request

from webapp.base import sheets, workbooks
from webapp.base.crypto import sign, unsign
from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.base.storage import Storage
from webapp.base.words import clean
from webapp.domain.catalog import media
from webapp.domain.catalog.media import Picture

PURPOSE = "panel.kept-picture"
KEPT_FOR = 24 * 3600


def storage() -> Storage:
    """Where the files of this app lie."""
    found: Storage = current_app.extensions["storage"]
    return found


def pictures() -> list[Picture]:
    """The pictures sent along, all of them. Raises Invalid (field `image`) when one is refused."""
    taken, wrong = sift()
    if wrong:
        raise Invalid(fields={"image": wrong})
    return taken


def sheet() -> tuple[str, bytes]:
    """The name and the bytes of the sheet sent along. Raises Invalid (field `file`) when there is none."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid(fields={"file": _("Elige un archivo.")})
    with sent.stream:
        return sent.filename, sent.stream.read(sheets.LARGEST + 1)


def example(rows: list[list[str]]) -> Response:
    """A sheet to fill in."""
    answer = Response(b"\xef\xbb\xbf" + workbooks.csv_lines(rows), content_type=workbooks.KINDS["csv"])
    answer.headers["Content-Disposition"] = 'attachment; filename="ejemplo.csv"'
    return answer


def sift() -> tuple[list[Picture], str]:
    """(the pictures kept from before and those sent now, decoded and stored; why others were refused, or "")."""
    files = [file for file in request.files.getlist("images") if file.filename]
    taken, wrong = kept(request.form.getlist("kept")), []
    if len(taken) + len(files) > media.MOST_PICTURES:
        return taken, _("Sube como máximo %(most)s imágenes a la vez.", most=media.MOST_PICTURES)
    for file in files:
        try:
            taken.append(media.prepare(file.read(), storage()))
        except Invalid as error:
            name = f"{clean(file.filename)[:80]}: " if len(files) > 1 else ""
            wrong.append(name + error.fields["image"])
    return taken, " ".join(wrong)


def kept(notes: Sequence[str]) -> list[Picture]:
    """The pictures of an earlier try that are still wanted; notes that are not ours, or too old, count for nothing."""
    found = []
    for one in notes[: media.MOST_PICTURES]:
        try:
            found.append(Picture(*unsign(one, PURPOSE, KEPT_FOR)))
        except (ValueError, TypeError):
            continue
    return found


def note(picture: Picture) -> str:
    """What the form carries of a kept picture."""
    return sign([picture.storage_key, picture.width, picture.height], PURPOSE)
