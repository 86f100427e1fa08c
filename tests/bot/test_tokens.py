"""Tokens: what is built comes back, what is too long is refused when built, what is foreign is no token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tokens import MOST_BYTES, RouteToken, TalkToken, parse

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=30)
TALK = st.from_regex(r"[0-9a-z]{1,13}", fullmatch=True)
ROUTE = st.from_regex(r"[a-z][a-z0-9_-]{0,9}", fullmatch=True)


def test_the_forms_that_are_written_on_old_messages() -> None:
    """The two forms, as they stand on buttons already sent: they must be read for ever."""
    assert str(TalkToken("a1", "kind", "road")) == "#a1.kind=road"
    assert str(TalkToken("a1", "slot:2026-11-21", "08:30")) == "#a1.slot:2026-11-21=08:30"
    assert str(TalkToken("zz9", "q12", "~2")) == "#zz9.q12=~2"
    assert str(RouteToken("menu", ("lookup",))) == "#menu:lookup"
    assert str(RouteToken("vote", ("42=yes", "7"))) == "#vote:42=yes,7"
    assert str(RouteToken("menu")) == "#menu:"


@given(TALK, ANYTHING, ANYTHING)
def test_a_talk_token_comes_back(talk: str, question: str, value: str) -> None:
    """Any name and value is either refused when built or read back unchanged from at most 64 ASCII bytes."""
    try:
        token = TalkToken(talk, question, value)
    except ValueError:
        return
    assert parse(str(token)) == token
    assert len(str(token).encode("ascii")) <= MOST_BYTES


@given(ROUTE, st.lists(ANYTHING, max_size=4).map(tuple))
def test_a_route_token_comes_back(route: str, args: tuple[str, ...]) -> None:
    """Any arguments are either refused when built or read back unchanged, commas and all."""
    try:
        token = RouteToken(route, args)
    except ValueError:
        return
    assert parse(str(token)) == token
    assert len(str(token).encode("ascii")) <= MOST_BYTES


@given(st.one_of(ANYTHING, st.text("#a1.:=,%4é", max_size=20)))
def test_any_text_is_parsed_without_an_error(text: str) -> None:
    """Whatever a citizen types is a token or None, and a token stands for exactly its own text."""
    token = parse(text)
    assert token is None or str(token) == text.strip()


def test_vietnamese_names_fit_as_escapes() -> None:
    """A question named after a place survives in ASCII."""
    token = TalkToken("a1", "thôn", "Hà")
    assert str(token).isascii()
    assert parse(str(token)) == token


def test_the_limit_is_checked_when_a_token_is_built() -> None:
    """64 bytes fit, 65 are refused with a sentence."""
    fits = TalkToken("a", "q", "x" * (MOST_BYTES - 5))
    assert len(str(fits)) == MOST_BYTES
    with pytest.raises(ValueError, match="at most 64 bytes"):
        TalkToken("a", "q", "x" * (MOST_BYTES - 4))
    with pytest.raises(ValueError, match="at most 64 bytes"):
        RouteToken("vote", ("ế" * 10,))


@pytest.mark.parametrize("talk", ["", "A1", "a.b", "a" * 14, "ă"])
def test_a_talk_id_is_base_36(talk: str) -> None:
    """Talk ids are short and plain."""
    with pytest.raises(ValueError, match="talk id"):
        TalkToken(talk, "q", "x")


def test_what_cannot_be_told_apart_is_refused() -> None:
    """A token without a question, a route with odd letters, one empty argument: refused when built."""
    with pytest.raises(ValueError, match="question"):
        TalkToken("a1", "", "x")
    with pytest.raises(ValueError, match="route"):
        RouteToken("Vote")
    with pytest.raises(ValueError, match="empty argument"):
        RouteToken("vote", ("",))


@pytest.mark.parametrize(
    "text", ["", "#", "#hoso", "xin chào", "#a1.=x", "#a1.q%=x", "#a1.q%FF=x", "#a1.%71=x", "#" + "a:" * 40]
)
def test_other_text_is_no_token(text: str) -> None:
    """Hashtags, broken escapes and escapes we would not write are ordinary text."""
    assert parse(text) is None
