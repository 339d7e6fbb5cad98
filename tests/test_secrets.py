"""Nothing of a credential is seen, by whatever way out of a process of ours."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.leaks import ENCODINGS, KINDS, PATHS, forgotten, leaked, make_token, see_nothing


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(kind=st.sampled_from(sorted(KINDS)), encoding=st.sampled_from(sorted(ENCODINGS)), seed=st.integers(0, 2**32))
def test_nothing_of_a_credential_is_seen(path: str, kind: str, encoding: str, seed: int) -> None:
    """Whatever the credential, its spelling, and the pieces in which it is written: no way out shows anything of it."""
    see_nothing(path, kind, encoding, seed)


@pytest.mark.parametrize("path", [path for path in PATHS if path != "token"])
def test_what_is_looked_for_would_be_seen(path: str, tmp_path: Path) -> None:
    """Without the mask each of these ways shows a credential: the search is not blind."""
    secret = make_token("GitHub", 1)
    with forgotten():
        assert leaked(secret, PATHS[path]([secret], tmp_path))
