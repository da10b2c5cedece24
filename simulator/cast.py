"""Who is there when the simulator starts: five people and two channels, with ids that never change."""

from simulator.state import World
from simulator.things import RIGHTS, Chat, Link, Member, Person

FREE = -1001000000001
VIP = -1001000000002
PEOPLE = (
    Person(710000001, "Ana", "ana", "Torres", "anat", phone="34600000001"),
    Person(710000002, "Bea", "bea", "Solís", "beas", is_premium=True, phone="34600000002"),
    Person(710000004, "Dora", "dora", "Ruiz", "dorar", phone="34600000004"),
    Person(710000003, "Ivo", "ivo", "Lima", "ivol", "pt-br", shown=False, phone="5511900000003"),
    Person(710000005, "Eve", "eve", "Stone", "evest", "en", shown=False, phone="12025550105"),
)
FIRST_ADDED = 715000001
DESK = ("creator", "administrator")


def settle(world: World) -> None:
    """Empty the world and put the cast in it."""
    world.empty()
    for person in PEOPLE:
        world.people[person.id] = Person(**{**vars(person), "storage": {}, "read": {}})
    dora = world.people[710000004]
    free = Chat(FREE, "channel", "Luna · Canal Free", description="Novedades de Luna. Se pide aprobación para entrar.")
    vip = Chat(VIP, "channel", "Luna · Canal VIP", description="Solo para miembros VIP.")
    for chat in (free, vip):
        chat.members[dora.id] = Member("creator")
        chat.members[world.bot.id] = Member("administrator", dict.fromkeys(RIGHTS, True))
        world.chats[chat.id] = chat
    entry = Link("https://t.me/+FreeLunaPedirAcceso", dora.id, "Entrada", creates_join_request=True)
    free.links[entry.url] = entry
    free.entry = entry.url


def part(world: World, person: Person) -> str:
    """What somebody is to the two channels at this moment; shown beside the name, known to nobody else."""
    vip, free = world.chats.get(VIP), world.chats.get(FREE)
    if vip is None or free is None:
        return ""
    if any(chat.members.get(person.id, Member("left")).status in DESK for chat in (vip, free)):
        return "Admin"
    return "VIP" if person.id in vip.inside() else "Free"


def add_person(world: World, first_name: str, last_name: str = "", username: str = "", language_code: str = "es",
               is_premium: bool = False, person_id: int = 0, shown: bool = True) -> Person:  # fmt: skip
    """Somebody new; the id is the next free one unless `person_id` says which."""
    if not person_id:
        person_id = max(FIRST_ADDED - 1, *(key for key in world.people if key < 900_000_000)) + 1
    key = username.lower() or first_name.split()[0].lower()
    if world.person(key):
        key = f"{key}{person_id}"
    person = Person(person_id, first_name, key, last_name, username, language_code, is_premium, shown)
    world.people[person_id] = person
    return person
