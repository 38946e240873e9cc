import numpy as np
import pytest
from PIL import Image, ImageOps
from sklearn.model_selection import GroupKFold

pytest.importorskip("imagehash", reason="copies are verified by imagehash")

from skdeepcluster import find_duplicates
from skdeepcluster.duplicates._comparison import Comparison
from skdeepcluster.duplicates._finding import _numbered, _stars
from skdeepcluster.duplicates._hashes import ImageHashes, hash_images
from skdeepcluster.images import as_image_source


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


class Links(Comparison):
    """Images of which it is given which two are copies."""

    def __init__(self, links, n_pixels, sharpness=None):
        n_pixels = np.array(n_pixels)
        sharpness = np.ones(len(n_pixels)) if sharpness is None else np.array(sharpness)
        super().__init__(n_pixels, ImageHashes(None, None, None, n_pixels, sharpness), False)
        object.__setattr__(self, "links", np.sort(links, axis=1))

    def candidates(self):
        return self.links[:10]

    def are_copies(self, pairs):
        known = {*map(tuple, self.links.tolist())}
        return np.array([tuple(sorted(pair)) in known for pair in pairs.tolist()])


def test_groups_do_not_grow_along_chains():
    # 0 - 1 - 2 - 3 - 4, the largest in the middle: its neighbours are its copies, the ends not.
    chain = [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert _stars(Links(chain, [1, 2, 3, 2, 1])).tolist() == [0, 2, 2, 2, 4]


@pytest.mark.parametrize(
    ("sharpness", "kept"),
    [([9, 9, 9], 0), ([9, 9.5, 9], 0), ([9, 12, 12.5], 1), ([9, 10, 20], 2), ([0, 0, 0.01], 0)],
)
def test_of_images_of_one_size_the_first_that_is_sharp_is_kept(sharpness, kept):
    # The last is smaller, sharp as it may be.
    links = [[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3]]
    centers = _stars(Links(links, [4, 4, 4, 3], [*sharpness, 99]))
    assert centers.tolist() == [kept] * 4


def test_an_image_may_have_more_copies_than_neighbours_were_sought():
    links = [[0, other] for other in range(1, 30)]
    assert set(_stars(Links(links, [2] + [1] * 29))) == {0}


def test_many_copies_are_one_group(photos):
    coffee = Image.fromarray(photos["coffee"])
    copies = [coffee.resize((coffee.width - n, coffee.height - n)) for n in range(30)]
    groups, is_kept = find_duplicates([*copies, Image.fromarray(photos["cat"])])
    assert groups.tolist() == [0] * 30 + [1]
    assert np.flatnonzero(is_kept).tolist() == [0, 30]


def test_colours_count(photos):
    blank = [Image.new("RGB", (90, 60), color) for color in ("white", "black", "red", "#f00001")]
    assert find_duplicates(blank).groups.tolist() == [0, 1, 2, 2]
    swapped = photos["coffee"][..., ::-1].copy()
    assert find_duplicates([photos["coffee"], swapped]).groups.tolist() == [0, 1]


def test_which_copy_is_kept_is_no_matter_of_mirror_images(folder, tmp_path):
    coffee = Image.open(folder / "coffee.png")
    paths = [folder / "coffee.png"]
    for name, image, quality in (
        ("again", coffee, 97),
        ("mirrored", ImageOps.mirror(coffee), 97),
        ("compressed", coffee, 30),
        ("small", coffee.resize((300, 200)), 97),
    ):
        paths.append(tmp_path / f"{name}.jpg")
        image.save(paths[-1], quality=quality)
    for mirrored, n_groups in ((False, 2), (True, 1)):
        for order in (paths, [paths[0], *paths[:0:-1]], [*paths[3:], *paths[:3]]):
            groups, is_kept = find_duplicates(order, mirrored=mirrored)
            assert groups.max() + 1 == n_groups
            assert is_kept[order.index(paths[0])]
            assert is_kept.sum() == n_groups


def test_groups_are_numbered_as_they_come():
    assert _numbered(np.array([5, 2, 5, 9, 2])).tolist() == [0, 1, 0, 2, 1]


def test_bits_of_parts_and_mirror_images(photos):
    cat = Image.fromarray(photos["cat"])
    images = [cat, cat.crop((20, 10, 420, 290)), ImageOps.mirror(cat)]
    images.append(Image.fromarray(photos["coffee"]))
    hashes = hash_images(as_image_source(images, None), np.arange(4))
    pairs = np.array([[0, 0], [0, 1], [1, 0], [0, 2], [0, 3]])
    bits = Comparison(np.eye(4), hashes, mirrored=False).n_bits_apart
    same, part, back, mirrored, other = bits(pairs)
    assert same == 0 and part == back <= 28 < min(mirrored, other)
    assert Comparison(np.eye(4), hashes, mirrored=True).n_bits_apart(pairs[3:4])[0] <= 4
    # The parts are what finds the cropped one.
    hashes = hashes._replace(parts=hashes.parts[:, :1])
    assert Comparison(np.eye(4), hashes, mirrored=False).n_bits_apart(pairs[1:2])[0] > 28


@pytest.mark.parametrize("mirrored", [False, True])
def test_candidates_are_near_in_features_or_hashes(photos, mirrored):
    coffee = Image.fromarray(photos["coffee"])
    images = [coffee, ImageOps.mirror(coffee), *(Image.fromarray(p) for p in photos.values())]
    rng = np.random.default_rng(0)
    images += [
        Image.fromarray(rng.integers(0, 256, (60, 60, 3), dtype=np.uint8)) for _ in range(20)
    ]
    hashes = hash_images(as_image_source(images, None), np.arange(len(images)))
    features = rng.normal(size=(len(images), 64)).astype(np.float32)
    features[-1] = features[2]
    pairs = {*map(tuple, Comparison(features, hashes, mirrored).candidates().tolist())}
    assert all(one < other for one, other in pairs)
    assert (2, len(images) - 1) in pairs
    # Far from one another in the features, the first two, and the photograph that they are of.
    same = 2 + list(photos).index("coffee")
    assert (0, same) in pairs
    if mirrored:
        assert {(0, 1), (1, same)} <= pairs


def test_a_missing_imagehash_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "imagehash", None)
    with pytest.raises(ImportError, match=r'pip install "skdeepcluster\[duplicates\]"'):
        find_duplicates([np.zeros((8, 8, 3), np.uint8)])
