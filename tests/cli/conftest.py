import pytest
from PIL import Image

from ._command import run


@pytest.fixture(scope="session")
def result(snapshots, tmp_path_factory):
    """A folder of photos and the output of a first run of the command on it."""
    base = tmp_path_factory.mktemp("cli")
    for number, (image, scene) in enumerate(zip(*snapshots, strict=True)):
        path = base / "photos" / scene / f"{number % 10}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    (base / "photos" / "broken.jpg").write_bytes(b"no image")
    arguments = ["cluster", base / "photos", "--n-clusters", 4, "--image-size", 64]
    assert run(*arguments, "--output", base / "out", "--export", "copy") == 0
    return base
