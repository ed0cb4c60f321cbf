"""Where a sign-in may lead to."""

import pytest

from gateway.origin import local_path


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\\/evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:/evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "evil.example",
        "@evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        "/a\\b",
        "/a b",
        "/a\x00",
        "/é",
        "\t//evil.example",
        " /a",
        "/" + "a" * 3000,
        "/auth/login?next=/auth/login",
        "/auth/callback?code=x",
    ],
)
def test_anywhere_but_a_path_of_ours_becomes_the_home_page(wanted):
    assert local_path(wanted) == "/"


@pytest.mark.parametrize("wanted", ["/", "/docs", "/a/b?c=d&e=%2F#f", "/@x", "/.//x", "/auth/organization?next=/docs"])
def test_a_path_of_ours_is_kept(wanted):
    assert local_path(wanted) == wanted
