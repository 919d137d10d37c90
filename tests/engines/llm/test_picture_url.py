import pytest

from voi.engines.llm.picture_url import checked_picture_url, is_public
from voi.errors import ClientError

GOOD = [
    "https://bucket.s3.eu-west-1.amazonaws.com/cat%20one.png?X-Amz-Signature=ab:cd",
    "https://my_bucket.example.com:8443/cat.png",
    "https://bücher.example/katze.jpg",
    "http://a.example/b",
    "data:image/png;base64,AA==",
    "data:image/svg+xml;base64,AA==",
]
BAD = [
    "", "elephants", "file:///etc/passwd", "javascript:1", "ftp://a.example/b", "//a.example/b", "http://127.0.0.1/b", "http://localhost/b",
    "https://", "https:///x", "https://localhost/x", "https://localhost.:8765/x", "https://intranet/x",
    "https://printer.local/x", "https://db.internal/x", "https://metadata.google.internal./x", "https://a.LOCALHOST/x",
    "https://127.0.0.1/x", "https://127.1/x", "https://2130706433/x", "https://0x7f.0.0.1/x", "https://0x7f000001/x",
    "https://[::1]/x", "https://[::ffff:10.0.0.1]/x", "https://[fe80::1%25eth0]/x", "https://8.8.8.8/x",
    "https://①②⑦.0.0.1/x", "https://a.example@127.0.0.1/x", "https://a.example:0/x", "https://a.example:99999/x",
    "https://a.example\\@127.0.0.1/x", "https://a.example/x\n", "https://a..example/x", "https://[bad/x",
    "https://a.example/" + "x" * 9_000,
    "data:text/html,x", "data:image/png,https://127.0.0.1/x", "data:image/png;base64,https://127.0.0.1/x", "data:",
]  # fmt: skip


@pytest.mark.parametrize("url", GOOD)
def test_good_ones(url: str) -> None:
    assert checked_picture_url(url) == url


@pytest.mark.parametrize("url", BAD)
def test_bad_ones(url: str) -> None:
    with pytest.raises(ClientError, match="picture"):
        checked_picture_url(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "168.63.129.16", "192.0.0.170", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1",
        "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::",
        "2001:0:7f00:1::", "fe80::1%lo", "nonsense", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)
