"""Every text a person sees is there in every language, with the same variables and the same markup."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from webapp.base.i18n import LOCALES, SOURCE

ROOT = Path(__file__).parent.parent
OTHERS = [locale for locale in LOCALES if locale != SOURCE]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}
VARIABLE = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")
MARKUP = re.compile(r"</?\w+")


@pytest.fixture(scope="module")
def wanted():
    with (ROOT / "babel.cfg").open() as file:
        method, options = parse_mapping_cfg(file)
    found = Catalog()
    for _name, _line, message, comments, context in extract_from_dir(ROOT, method, options, KEYWORDS):
        found.add(message, None, auto_comments=comments, context=context)
    return found


def catalog(locale):
    with (ROOT / f"webapp/translations/{locale}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def ids(found):
    return {message.id for message in found if message.id}


@pytest.mark.parametrize("locale", OTHERS)
def test_every_text_is_translated(wanted, locale):
    there = {message.id for message in catalog(locale) if message.id and all(_forms(message.string))}
    assert sorted(map(str, ids(wanted) - there)) == []


@pytest.mark.parametrize("locale", OTHERS)
def test_nothing_is_translated_that_nobody_says(wanted, locale):
    assert sorted(map(str, ids(catalog(locale)) - ids(wanted))) == []


@pytest.mark.parametrize("locale", OTHERS)
def test_nothing_is_left_for_somebody_to_look_at(locale):
    assert [message.id for message in catalog(locale) if message.fuzzy and message.id] == []


@pytest.mark.parametrize("locale", OTHERS)
@pytest.mark.parametrize("sign", [VARIABLE, MARKUP], ids=["variables", "markup"])
def test_a_translation_has_the_variables_and_markup_of_its_source(locale, sign):
    different = []
    for message in catalog(locale):
        if message.id:
            source = set(sign.findall(_forms(message.id)[-1]))
            if any(set(sign.findall(form)) != source for form in _forms(message.string)[-1:]):
                different.append(message.id)
    assert different == []


def _forms(words):
    return [words] if isinstance(words, str) else list(words)
