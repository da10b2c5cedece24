"""What members are shown, and what they are told of it."""

from datetime import timedelta

import pytest

from tests.factories import InterestFactory, PackageFactory, ProviderFactory
from webapp.base.clock import now
from webapp.base.errors import NotFound
from webapp.domain.catalog import showcase
from webapp.domain.catalog.models import ContentCategory

DAY = timedelta(days=1)


def names(listing):
    return [item.name for item in listing.items]


def test_the_highest_position_stands_first(ana):
    PackageFactory(name="Abajo", position=1)
    PackageFactory(name="Arriba", position=2)
    assert names(showcase.listing(ana.user_id)) == ["Arriba", "Abajo"]


def test_pages_of_twenty_follow_each_other_without_gap_or_repetition(ana):
    PackageFactory.create_batch(45)
    seen, after = [], None
    while True:
        listing = showcase.listing(ana.user_id, after=after)
        seen += [item.id for item in listing.items]
        if (after := listing.after) is None:
            break
    assert len(seen) == len(set(seen)) == 45


def test_what_is_off_or_not_yet_or_no_longer_published_is_not_shown(ana):
    PackageFactory(is_active=False)
    PackageFactory(published_from=now() + DAY)
    PackageFactory(published_from=now() - 2 * DAY, published_until=now() - DAY)
    assert names(showcase.listing(ana.user_id)) == []


def test_an_answer_is_good_until_the_next_publish_date(ana, kit):
    soon = now() + timedelta(seconds=40)
    PackageFactory(published_from=soon)
    assert showcase.listing(ana.user_id).until == soon
    assert showcase.next_change() == soon


def test_an_answer_is_good_until_something_goes(ana, kit):
    soon = now() + timedelta(seconds=30)
    PackageFactory(published_from=now() - DAY, published_until=soon)
    assert showcase.listing(ana.user_id).until == soon


@pytest.mark.parametrize("words", ["camion", "CAMIÓN", "cam", "ca", "nocturno camión"])
def test_search_is_blind_to_case_and_accents_and_takes_short_words(ana, kit, words):
    PackageFactory(name="Camión nocturno", search_text="camion nocturno")
    assert names(showcase.listing(ana.user_id, words=words)) == ["Camión nocturno"]


def test_a_category_shows_its_own(ana, kit):
    PackageFactory(name="Diván", category=ContentCategory.VIP_CONTENT)
    assert names(showcase.listing(ana.user_id, category=ContentCategory.VIP_CONTENT)) == ["Diván"]


def test_only_this_weeks_packages_count_as_new(ana, kit):
    PackageFactory(created_at=now() - 8 * DAY)
    listing = showcase.listing(ana.user_id)
    assert (listing.news, [item.is_new for item in listing.items]) == (1, [False, True])


def test_marks_are_the_askers_own_and_say_whether_attended(ana, bea, kit):
    other = PackageFactory()
    InterestFactory(user_id=ana.user_id, package_id=kit.id)
    InterestFactory(user_id=ana.user_id, package_id=other.id, is_attended=True)
    expected = {kit.id: False, other.id: True}
    assert showcase.marks(ana.user_id, [kit.id, other.id]) == showcase.listing(ana.user_id).marks == expected
    assert showcase.marks(bea.user_id, [kit.id, other.id]) == {}


def test_a_withdrawn_interest_is_no_mark(ana, kit):
    InterestFactory(user_id=ana.user_id, package_id=kit.id, withdrawn_at=now())
    assert showcase.marks(ana.user_id, [kit.id]) == {}
    assert list(showcase.mine(ana.user_id)) == []


def test_related_are_of_the_category_the_same_provider_first(ana):
    luna = ProviderFactory()
    one = PackageFactory(provider_id=luna.id)
    same = PackageFactory(provider_id=luna.id, position=1)
    other = PackageFactory(position=9000)
    PackageFactory(category=ContentCategory.VIP_CONTENT)
    assert [item.id for item in showcase.related(one)] == [same.id, other.id]


@pytest.mark.parametrize("public_id", ["nada", "", "a\0b", "💥"])
def test_a_package_that_is_not_there_is_refused(app, public_id):
    with pytest.raises(NotFound):
        showcase.get_shown(public_id)
