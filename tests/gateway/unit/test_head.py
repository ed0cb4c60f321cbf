"""A head that contradicts itself is read by nobody."""

import pytest

from gateway.head import BODY_LIMIT, content_length, read_head
from gateway.refusals import BodyTooLarge, Malformed

HOST = (b"host", b"localhost")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [HOST, HOST],
        [HOST, (b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")],
        [HOST, (b"content-type", b"a/b"), (b"content-type", b"c/d")],
        [HOST, (b"idempotency-key", b"1"), (b"idempotency-key", b"2")],
        [HOST, (b"content-length", b"1"), (b"content-length", b"1")],
        [HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")],
        [HOST, (b"transfer-encoding", b"chunked, gzip")],
        [HOST, (b"transfer-encoding", b"identity")],
        [HOST, (b"transfer-encoding", b"\x0bchunked")],
        [HOST, (b"upgrade", b"websocket"), (b"content-length", b"5")],
        [HOST, (b"origin", b"http://a"), (b"origin", b"http://b")],
    ],
)
def test_contradictions_are_refused(headers):
    with pytest.raises(Malformed):
        read_head(headers)


@pytest.mark.parametrize("length", [b"-1", b"+1", b"1e3", b"0x10", b" 1", b"", b"1,1", "１".encode()])
def test_a_length_is_digits(length):
    with pytest.raises(Malformed):
        content_length(read_head([HOST, (b"content-length", length)]), BODY_LIMIT)


@pytest.mark.parametrize("length", [str(BODY_LIMIT + 1).encode(), b"9" * 400])
def test_a_length_over_the_limit_is_refused_before_the_body_comes(length):
    with pytest.raises(BodyTooLarge):
        content_length(read_head([HOST, (b"content-length", length)]), BODY_LIMIT)


def test_lists_that_come_in_pieces_are_joined():
    head = read_head([HOST, (b"accept", b"a/b"), (b"accept", b"c/d"), (b"cookie", b"a=1"), (b"cookie", b"b=2")])
    assert head.forwarded == {"Accept": "a/b, c/d"}
    assert head.own[b"cookie"] == b"a=1; b=2"
