"""What a data key is good for."""

from itertools import product

import pytest

from domain.keys import DataKey, KeyPurpose, KeyState


@pytest.mark.parametrize(("purpose", "state"), list(product(KeyPurpose, KeyState)))
def test_only_an_active_sealing_key_seals_new_values(purpose, state):
    key = DataKey(
        id="1", purpose=purpose, state=state, wrapped=b"", canary=b"", master_fingerprint="0" * 16, created_at=1
    )

    assert key.seals_now is ((purpose, state) == (KeyPurpose.SEAL, KeyState.ACTIVE))
