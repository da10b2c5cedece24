"""Files that the bot wants back, and the photos of people."""

from typing import Any

from simulator.api.registry import method
from simulator.errors import bad
from simulator.members import knows
from simulator.params import Params
from simulator.state import World

Json = dict[str, Any]


@method("getFile")
def get_file(world: World, params: Params) -> Json:
    """Where to download a file: /file/bot<token>/<file_path>."""
    if not params.has("file_id"):
        raise bad("file_id is empty")
    file = world.files.get(params.text("file_id"))
    if file is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    return {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": len(file.data), "file_path": file.path}


@method("getUserProfilePhotos")
def get_user_profile_photos(world: World, params: Params) -> Json:
    """Nobody here has a photo."""
    knows(world, params.integer("user_id"))
    return {"total_count": 0, "photos": []}
