"""One-time passwords against the RFC's own vectors, and against another implementation."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from eulermaker.features.accounts import totp

# RFC 6238, appendix B: the last six of its eight digits.
SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
VECTORS = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}


@pytest.mark.parametrize("seconds", VECTORS)
def test_codes_are_those_of_the_rfc(seconds: int) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_at(SEED, totp.step_at(now)) == VECTORS[seconds]


def test_codes_are_those_of_oathtool() -> None:
    tool = shutil.which("oathtool")
    assert tool, "scripts/test.sh installs oathtool"
    for _ in range(5):
        secret, now = totp.new_secret(), datetime(2026, 11, 28, 12, 0, 7, tzinfo=UTC)
        command = [tool, "--totp", "--base32", "--now", "2026-11-28 12:00:07 UTC", secret]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        assert totp.code_at(secret, totp.step_at(now)) == told


def test_one_step_either_way_is_accepted_and_no_more() -> None:
    secret, now = totp.new_secret(), datetime(2026, 11, 28, 12, 0, 7, tzinfo=UTC)
    code, step = totp.code_at(secret, totp.step_at(now)), totp.step_at(now)
    for steps in (-1, 0, 1):
        assert totp.matching_step(secret, code, now=now + timedelta(seconds=30 * steps)) == step
    for steps in (-2, 2):
        assert totp.matching_step(secret, code, now=now + timedelta(seconds=30 * steps)) is None


@pytest.mark.parametrize("code", ["", "1", "1234567", "abcdef", "１２３４５６", "😀"])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert totp.matching_step(SEED, code, now=datetime.fromtimestamp(59, UTC)) is None


def test_the_address_carries_all_that_an_authenticator_needs() -> None:
    assert totp.address(SEED, account="li ming") == (
        f"otpauth://totp/EulerMaker%3Ali%20ming?secret={SEED}&issuer=EulerMaker"
        "&algorithm=SHA1&digits=6&period=30"
    )
