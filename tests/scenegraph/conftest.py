import open_clip
import pytest
import torch
from open_clip import factory

from skdeepcluster.scenegraph.matching import _level_similarity

from ._toy import make_pairs, make_retriever

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 64, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="session", autouse=True)
def single_precision():
    """Products are as exact on processors that have instructions for half precision."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_level_similarity, "product_dtype", lambda: torch.float32)
        yield


@pytest.fixture(scope="session")
def pairs():
    return make_pairs(60)


@pytest.fixture(scope="session")
def fitted(pairs):
    return make_retriever().fit(*pairs)


@pytest.fixture
def clip_name(monkeypatch, tmp_path):
    """A local open_clip model with random weights."""
    monkeypatch.setitem(factory._MODEL_CONFIGS, "tiny-retrieval", TINY)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torch.save(open_clip.create_model("tiny-retrieval").state_dict(), tmp_path / "clip.pt")
    return f"open_clip:tiny-retrieval/{tmp_path / 'clip.pt'}"
