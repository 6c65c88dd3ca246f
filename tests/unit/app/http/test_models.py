import pytest
from pydantic import ValidationError

from app.http.models import NewAgentToken, PutSecret

SENTINEL = "sesame0open0sesame"


def test_a_secret_is_hidden_as_soon_as_it_is_read():
    models = [PutSecret.model_validate({"value": SENTINEL}), NewAgentToken.model_validate({"token": SENTINEL})]

    assert SENTINEL not in "".join(f"{model!r} {model} {model.__dict__}" for model in models)
    assert models[0].value.reveal() == SENTINEL


@pytest.mark.parametrize("body", [{"value": [SENTINEL]}, {"value": SENTINEL, "more": SENTINEL}, {}])
def test_a_complaint_quotes_nothing(body):
    with pytest.raises(ValidationError) as refused:
        PutSecret.model_validate(body)

    assert SENTINEL not in f"{refused.value} {refused.value!r}"
