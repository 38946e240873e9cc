import pytest

from ._toy import make_encoder


@pytest.fixture(params=[False, True], ids=["untrained", "perturbed"])
def encoder(request):
    return make_encoder(request.param)
