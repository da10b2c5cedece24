"""Clients and the lists of them that people send, as rows."""

from datetime import date, timedelta

import factory

from tests.factories.base import Factory
from webapp.base.crypto import encrypt, keys_in_force
from webapp.base.search import plain
from webapp.base.sheets import ImportState
from webapp.domain.clients import clients, cpf
from webapp.domain.clients.models import Client, ClientImport

BUYERS = ("Inês Carvalho", "Íñigo Núñez", "João Araújo", "Lucía Peña", "Conceição Lima", "Ramón Güell", "Tânia Rocha")


def a_cpf(number: int) -> str:
    """A CPF that exists, the same for the same number."""
    nine = f"{(123_400_000 + number * 7_919) % 1_000_000_000:09d}"
    return nine + cpf.check_digits(nine)


class ClientFactory(Factory):
    """A buyer in Spanish or Portuguese; `digits`: their CPF, one of their own when it is not told."""

    class Meta:
        model = Client

    class Params:
        number = factory.Sequence(lambda n: n)
        digits = factory.LazyAttribute(lambda client: a_cpf(client.number))

    name = factory.LazyAttribute(lambda client: BUYERS[client.number % len(BUYERS)])
    cpf_encrypted = factory.LazyAttribute(lambda client: encrypt(client.digits))
    cpf_hash = factory.LazyAttribute(lambda client: clients.hash_of(client.digits))
    cpf_keys = factory.LazyFunction(keys_in_force)
    birth_date = factory.LazyAttribute(lambda client: date(1970, 1, 1) + timedelta(days=client.number * 37 % 12_000))
    email = factory.LazyAttribute(lambda client: f"cliente{client.number}@vitrina.example")
    phone = factory.LazyAttribute(lambda client: f"+5511{900_000_000 + client.number}")
    search_text = factory.LazyAttribute(lambda client: plain(client.name))
    created_by = "staff:caio"
    created_by_label = "Caio Lima"


class ClientImportFactory(Factory):
    """A list that is over: nothing of what was sent is left."""

    class Meta:
        model = ClientImport

    file_name = "clientes.csv"
    state = ImportState.DONE
    total = 12
    made = 12
    by = "staff:caio"
    by_label = "Caio Lima"
