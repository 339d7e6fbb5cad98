"""The long run of `tests/test_secrets.py`: thousands of credentials, by every way out."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from release_recipes.secrets.mask import Mask
from support.leaks import ENCODINGS, KINDS, PATHS, make_token, see_nothing


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(kind=st.sampled_from(sorted(KINDS)), encoding=st.sampled_from(sorted(ENCODINGS)), seed=st.integers(0, 2**32))
@example(kind="awkward", encoding="JSON, wide", seed=119496)  # " <" in it, where a name was cut before it was masked
def test_nothing_of_a_credential_is_seen(path: str, kind: str, encoding: str, seed: int) -> None:
    """A thousand credentials by each way out: nothing of any is seen."""
    see_nothing(path, kind, encoding, seed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_without_credentials_is_left_as_it_is(kind: str) -> None:
    """What does not hold a credential comes out of the mask as it went in."""
    mask = Mask()
    mask.add(*(make_token(kind, seed) for seed in range(20)))
    for seed in range(1000, 1200):
        # Reversed: tokens of one issuer begin alike, and that beginning is a piece like others.
        text = f"line {seed}\r\n{make_token(kind, seed)[::-1]} \x1b[1m{seed * 7919:x}"
        assert mask(text) == text
