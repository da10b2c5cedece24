"""Photos, documents and albums."""

from typing import Any

from simulator import keeping
from simulator.api.messages import draft, written
from simulator.api.registry import method
from simulator.api.target import public
from simulator.errors import bad
from simulator.params import Params
from simulator.state import World
from simulator.things import File

Json = dict[str, Any]


@method("sendPhoto")
async def send_photo(world: World, params: Params) -> Json:
    """A photo: uploaded, by file_id, or by address."""
    return await _send(world, params, "photo")


@method("sendDocument")
async def send_document(world: World, params: Params) -> Json:
    """Any file."""
    return await _send(world, params, "document")


async def _send(world: World, params: Params, kind: str) -> Json:
    chat, message = draft(world, params)
    file = await _file(world, params, params.text(kind), kind)
    message.update(_shown(file, kind))
    message.update(written(params, "caption", 1024))
    for name in ("show_caption_above_media", "has_spoiler"):
        if params.flag(name):
            message["has_media_spoiler" if name == "has_spoiler" else name] = True
    return public(world.post(chat, message))


@method("sendMediaGroup")
async def send_media_group(world: World, params: Params) -> list[Json]:
    """An album of two to ten."""
    chat, message = draft(world, params)
    items = params.tree("media", "media")
    if not isinstance(items, list):
        raise bad("can't parse media: expected an Array")
    if not 1 <= len(items) <= 10:
        raise bad("wrong number of media messages in the album" if items else "media is empty")
    album = world.query_id()
    contents = [await attach(world, params, item) for item in items]
    return [public(world.post(chat, {**message, "media_group_id": album, **content})) for content in contents]


async def attach(world: World, params: Params, item: Json) -> Json:
    """The message fields of one InputMedia."""
    kind = str(item.get("type", ""))
    if kind not in ("photo", "document"):
        raise bad("type of file mismatch" if kind in ("video", "audio") else "wrong InputMedia type specified")
    file = await _file(world, params, str(item.get("media", "")), kind)
    return {**_shown(file, kind), **written(Params(item), "caption", 1024)}


async def _file(world: World, params: Params, value: str, kind: str) -> File:
    if value.startswith("attach://"):
        given = params.files.get(value.removeprefix("attach://"))
    else:
        given = params.files.get(kind) if not value or kind in params.files else None
    if given:
        return keeping.keep(world, given[0], given[1], kind)
    if not value:
        raise bad(f"there is no {kind} in the request")
    if value.startswith(("http://", "https://")):
        return keeping.keep(world, *await keeping.fetch(value), kind)
    file = world.files.get(value)
    if file is None:
        raise bad("wrong file identifier/HTTP URL specified")
    return file


def _shown(file: File, kind: str) -> Json:
    base: Json = {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": len(file.data)}
    if kind == "document":
        return {"document": {"file_name": file.name, "mime_type": file.mime, **base}}
    return {"photo": keeping.sizes(file)}
