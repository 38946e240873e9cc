import numpy as np
import pytest
from PIL import Image, ImageOps
from sklearn.model_selection import GroupKFold

pytest.importorskip("imagehash", reason="copies are verified by imagehash")

from skdeepcluster import find_duplicates
from skdeepcluster.duplicates._finding import _numbered, _stars
from skdeepcluster.duplicates._hashes import hashes_of, n_bits_apart


@pytest.fixture(scope="module")
def folder(photos, tmp_path_factory):
    """Photographs as files, and copies of two of them."""
    folder = tmp_path_factory.mktemp("copies")
    for name, photo in photos.items():
        Image.fromarray(photo).save(folder / f"{name}.png")
    cat, coffee = (Image.fromarray(photos[name]) for name in ("cat", "coffee"))
    cat.resize((cat.width // 2, cat.height // 2)).save(folder / "cat-small.png")
    cat.save(folder / "cat-recompressed.jpg", quality=40)
    coffee.crop((30, 25, 570, 385)).save(folder / "coffee-cropped.jpg", quality=90)
    ImageOps.mirror(coffee).save(folder / "coffee-mirrored.png")
    return folder


def group_names(paths, groups):
    return {
        frozenset(path.stem for path, group in zip(paths, groups, strict=True) if group == number)
        for number in np.unique(groups)
    }


@pytest.mark.parametrize("mirrored", [False, True])
def test_copies_are_of_one_group_and_look_alikes_are_not(folder, mirrored, tmp_path):
    paths = sorted(folder.iterdir())
    groups, is_kept = find_duplicates(paths, mirrored=mirrored, memory=tmp_path)
    assert groups.dtype == np.int64 and is_kept.dtype == bool
    coffees = {"coffee", "coffee-cropped"} | ({"coffee-mirrored"} if mirrored else set())
    others = {"astronaut", "dahlia", "pagoda", "coffee-mirrored"} - coffees
    assert group_names(paths, groups) == {
        frozenset({"cat", "cat-small", "cat-recompressed"}),
        frozenset(coffees),
        *(frozenset({name}) for name in others),
    }
    # Numbers follow the order of the images.
    assert groups[0] == 0 and set(groups) == set(range(groups.max() + 1))
    kept = {path.stem for path, keep in zip(paths, is_kept, strict=True) if keep}
    # The one that was compressed more has as many pixels.
    assert {"cat-small", "cat-recompressed", "coffee-cropped"} & kept == set()
    assert np.bincount(groups, weights=is_kept).tolist() == [1] * (groups.max() + 1)
    for train, test in GroupKFold(3).split(paths, groups=groups):
        assert not set(groups[train]) & set(groups[test])


def test_images_that_cannot_be_read_have_no_copies(folder, tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.jpg").write_bytes(b"no image")
    cats = [folder / "cat.png", folder / "cat-small.png"]
    paths = [tmp_path / "one.jpg", *cats, tmp_path / "two.jpg"]
    with pytest.warns(UserWarning, match="2 of 4"):
        groups, is_kept = find_duplicates(paths, on_error="skip")
    assert groups.tolist() == [0, 1, 1, 2]
    assert is_kept.tolist() == [True, True, False, True]


def test_arrays_and_few_images(photos):
    assert find_duplicates([photos["cat"]]).groups.tolist() == [0]
    groups, is_kept = find_duplicates([photos["cat"], photos["coffee"], photos["cat"][::2, ::2]])
    assert groups.tolist() == [0, 1, 0] and is_kept.tolist() == [True, True, False]
    with pytest.raises(ValueError, match="must be images"):
        find_duplicates(np.eye(4))


def test_groups_do_not_grow_along_chains():
    # 0 - 1 - 2 - 3 - 4, the largest in the middle: its neighbours are its copies, the ends not.
    chain = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])
    assert _stars(chain, [(1,), (2,), (3,), (2,), (1,)]).tolist() == [0, 2, 2, 2, 4]
    # Of the same worth, the first.
    assert _stars(np.array([[0, 1]]), [(4, 2), (4, 2)]).tolist() == [0, 0]


def test_groups_are_numbered_as_they_come():
    assert _numbered(np.array([5, 2, 5, 9, 2])).tolist() == [0, 1, 0, 2, 1]


def test_bits_of_parts_and_mirror_images(photos):
    cat = Image.fromarray(photos["cat"])
    images = [cat, cat.crop((20, 10, 420, 290)), ImageOps.mirror(cat)]
    images.append(Image.fromarray(photos["coffee"]))
    hashes = [hashes_of(image) for image in images]
    looks, parts = np.stack([h.looks for h in hashes]), np.stack([h.parts for h in hashes])
    pairs = np.array([[0, 0], [0, 1], [1, 0], [0, 2], [0, 3]])
    same, part, back, mirrored, other = n_bits_apart(looks, parts, pairs, mirrored=False)
    assert same == 0 and part == back <= 26 < min(mirrored, other)
    assert n_bits_apart(looks, parts, pairs[3:4], mirrored=True)[0] <= 4
    # The parts are what finds the cropped one.
    assert n_bits_apart(looks, parts[:, :1], pairs[1:2], mirrored=False)[0] > 26


def test_a_missing_imagehash_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "imagehash", None)
    with pytest.raises(ImportError, match=r'pip install "skdeepcluster\[duplicates\]"'):
        find_duplicates([np.zeros((8, 8, 3), np.uint8)])
