"""A certificate that the recipe names."""

import stat
from pathlib import Path

import pytest

from pipeline.base.errors import SourceError
from serve.gateway.own_certificate import own_bundle
from serve.gateway.tls import ensure_certificate


def _pair(folder: Path) -> tuple[Path, Path]:
    """Write a certificate and its key into two files, as an authority gives them out."""
    folder.mkdir()
    made = ensure_certificate("127.0.0.1", folder / "made")
    pem = made.bundle.read_text()
    end = pem.index("-----BEGIN CERTIFICATE")
    (folder / "key.pem").write_text(pem[:end])
    (folder / "chain.pem").write_text(pem[end:])
    return folder / "chain.pem", folder / "key.pem"


def test_both_are_in_one_private_file(tmp_path: Path) -> None:
    """As HAProxy reads them."""
    chain, key = _pair(tmp_path / "ours")
    bundle = own_bundle(chain, key, tmp_path)
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    assert bundle.read_text().split() == (key.read_text() + chain.read_text()).split()


def test_pair_that_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    """With both keys of the recipe."""
    chain, _ = _pair(tmp_path / "ours")
    _, key = _pair(tmp_path / "theirs")
    with pytest.raises(SourceError, match=r"serve\.private_key\) is not the key of .*serve\.certificate"):
        own_bundle(chain, key, tmp_path)


@pytest.mark.parametrize(("broken", "said"), [("chain.pem", "no certificate in PEM"), ("key.pem", "no private key")])
def test_other_files_are_refused(tmp_path: Path, broken: str, said: str) -> None:
    """Text that is no PEM, and a file that is not there."""
    chain, key = _pair(tmp_path / "ours")
    (tmp_path / "ours" / broken).write_text("nothing")
    with pytest.raises(SourceError, match=said):
        own_bundle(chain, key, tmp_path)
    (tmp_path / "ours" / broken).unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        own_bundle(chain, key, tmp_path)
