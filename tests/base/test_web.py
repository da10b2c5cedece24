"""What every web door answers to requests that no browser of ours makes."""

import pytest


@pytest.mark.parametrize("path", ["/miniapp/", "/panel/", "/nowhere"])
@pytest.mark.parametrize("host", ["[", "x" * 3000, "a b"])
def test_a_host_that_is_none_is_refused_without_a_bug(client, path, host):
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code < 500
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/"),
        ("GET", "/nowhere"),
        ("PUT", "/miniapp/"),
        ("PUT", "/panel/"),
        ("GET", "/static/none"),
        ("GET", "/readyz"),
    ],
)
def test_every_answer_says_what_may_run_and_who_may_frame_it(client, verb, path):
    policy = client.open(path, method=verb).headers.getlist("Content-Security-Policy")
    assert len(policy) == 1
    assert "frame-ancestors 'none'" in policy[0]
