"""Search everywhere."""

from tests.factories import InterestFactory


def test_people_packages_and_interests_are_found_together(panel, ana, kit):
    InterestFactory(user_id=ana.user_id, package_id=kit.id)
    page = panel.get("/panel/search/?q=ana").text
    assert "Ana Torres" in page and "Intereses por atender" in page
    assert kit.name in panel.get("/panel/search/?q=primavera").text


def test_an_id_and_a_username_find_their_person(panel, ana, bea):
    for words in ("@anat", str(ana.user_id)):
        page = panel.get("/panel/search/", query_string={"q": words}).text
        assert "Ana Torres" in page and "Bea" not in page


def test_nothing_found_says_so(panel):
    assert "Nada coincide" in panel.get("/panel/search/?q=xyzzy").text


def test_the_team_finds_nobody(as_staff, helper, ana):
    assert "Ana Torres" not in as_staff(helper).get("/panel/search/?q=ana").text


def test_odd_words_break_nothing(panel, ana):
    for words in ('"', "%", "_", "*", "' OR 1=1 --", "a" * 5000, "\0", "🌸", "ñ", "-", "9" * 40, "²", "٣"):
        assert panel.get("/panel/search/", query_string={"q": words}).status_code == 200, words
        assert panel.get("/panel/users/", query_string={"q": words}).status_code == 200, words
