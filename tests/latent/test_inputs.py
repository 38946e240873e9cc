import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from skdeepcluster.latent import LatentHead, encode
from skdeepcluster.latent._inputs import ReducedInputs

N_SAMPLES = 120


def make_features(n_features, dtype=np.float32, n_views=None):
    """Random features of a low rank and a little noise, and of views that are like them."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(N_SAMPLES, 20)) @ rng.normal(size=(20, n_features))
    features += 0.1 * rng.normal(size=features.shape)
    if n_views is None:
        return features.astype(dtype), None
    views = features[:, None] + rng.normal(size=(N_SAMPLES, n_views, n_features))
    return features.astype(dtype), views.astype(np.float16)


def make_inputs(features, views=None, seed=0):
    torch.manual_seed(0)
    head = LatentHead.for_features(features, 7, np.random.RandomState(0))
    return head, ReducedInputs(head, features, views, torch.Generator().manual_seed(seed))


def standardized(head, features):
    return head.standardize(torch.from_numpy(np.asarray(features, dtype=np.float32)))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("n_views", [None, 2])
@pytest.mark.parametrize(("n_features", "n_columns"), [(300, 256), (256, 256), (40, 40)])
def test_the_head_does_with_features_what_the_layers_do_with_components(
    n_features, n_columns, n_views, dtype
):
    features, views = make_features(n_features, dtype, n_views)
    head, inputs = make_inputs(features, views)
    before = {name: tensor.clone() for name, tensor in head.state_dict().items()}
    assert len(inputs) == N_SAMPLES
    assert inputs.n_columns == n_columns
    layers = inputs.new_layers()
    unfolded = inputs.unfolded(layers)
    with torch.no_grad():
        expected = normalize(layers(inputs.originals), dim=1).numpy()
    np.testing.assert_allclose(encode(unfolded, features), expected, atol=1e-5)
    # Also of samples that it was not trained on.
    others = np.random.default_rng(1).normal(size=(50, n_features)).astype(dtype)
    with torch.no_grad():
        components = standardized(head, others) @ inputs.rotation
        expected = normalize(layers(components), dim=1).numpy()
    np.testing.assert_allclose(encode(unfolded, others), expected, atol=1e-5)
    # Neither is the head that was given, nor do further steps change what was returned.
    with torch.no_grad():
        layers[2].bias += 1
        layers[0].weight *= 2
    np.testing.assert_allclose(encode(unfolded, others), expected, atol=1e-5)
    assert all(torch.equal(head.state_dict()[name], before[name]) for name in before)


def test_all_that_features_have_is_kept_if_they_are_few():
    features, views = make_features(40, n_views=2)
    head, inputs = make_inputs(features, views)
    # In single precision; how near it comes depends on the processor.
    torch.testing.assert_close(
        inputs.rotation.T @ inputs.rotation, torch.eye(40), atol=1e-4, rtol=0
    )
    restored = inputs.originals @ inputs.rotation.T
    torch.testing.assert_close(restored, standardized(head, features), atol=1e-4, rtol=0)


def test_components_are_those_of_samples_and_views_together():
    """The views vary where the samples do not, and so much that this comes first."""
    rng = np.random.default_rng(0)
    features = 10 + rng.normal(size=(N_SAMPLES, 300)).astype(np.float32)
    views = np.repeat(features[:, None], 2, axis=1)
    direction = rng.choice([-1.0, 1.0], size=300)
    views += 30 * rng.normal(size=(N_SAMPLES, 2, 1)) * direction
    head, inputs = make_inputs(features, views.astype(np.float16))
    assert inputs.n_columns == 256
    sheets = [features, *views.astype(np.float16).swapaxes(0, 1)]
    rows = torch.cat([standardized(head, sheet) for sheet in sheets])
    found = rows @ inputs.rotation
    moments = (found.T @ found).double().numpy()
    scale = moments[0, 0]
    np.testing.assert_allclose(moments - np.diag(np.diag(moments)), 0, atol=1e-5 * scale)
    assert (np.diff(np.diag(moments)) <= 1e-5 * scale).all()
    # As much as the best 256 directions can have.
    best = np.linalg.eigvalsh((rows.T @ rows).double().numpy())[-256:].sum()
    assert moments.trace() == pytest.approx(best, rel=1e-4)
    _, of_samples_alone = make_inputs(features)
    assert float((rows @ of_samples_alone.rotation).square().sum()) < 0.99 * best


def test_views_and_the_image_itself_are_drawn_equally_often():
    features, views = make_features(40, n_views=3)
    head, inputs = make_inputs(features, views)
    sheets = torch.stack(
        [standardized(head, sheet) @ inputs.rotation for sheet in (features, *views.swapaxes(0, 1))]
    )
    indices = torch.tensor([5, 80, 5, 17]).repeat(500)
    drawn = inputs.random_views(indices)
    assert drawn.shape == (2000, 40)
    distances = (sheets[:, indices] - drawn).abs().amax(dim=2)
    nearest = distances.argmin(dim=0)
    assert float(distances.amin(dim=0).max()) < 1e-3
    counts = np.bincount(nearest, minlength=4)
    np.testing.assert_allclose(counts / 2000, 0.25, atol=0.04)
    # Each draw is of its own: the same image twice in a batch has different views.
    assert (nearest[0::4] != nearest[2::4]).any()


def test_other_views_give_other_rows():
    features, views = make_features(40, n_views=2)
    indices = torch.arange(N_SAMPLES)
    changed = views.copy()
    changed[:, 1] *= -1
    found = []
    for given in (views, changed):
        _, inputs = make_inputs(features, given)
        # As standardised features: components are others.
        found.append(inputs.random_views(indices) @ inputs.rotation.T)
    change = (found[0] - found[1]).abs().amax(dim=1)
    is_other = change > 0.1
    # One of three, the image itself among them.
    assert 0.2 < float(is_other.float().mean()) < 0.5
    assert float(change[~is_other].max()) < 1e-4


def test_without_views_half_of_the_components_are_left_out():
    features, _ = make_features(40)
    _, inputs = make_inputs(features)
    indices = torch.tensor([3, 77])
    drawn = torch.stack([inputs.random_views(indices) for _ in range(4000)])
    originals = inputs.originals[indices]
    assert drawn.shape == (4000, 2, 40)
    left_out = drawn == 0
    torch.testing.assert_close(drawn, torch.where(left_out, 0.0, 2 * originals))
    np.testing.assert_allclose(left_out.float().mean(dim=0), 0.5, atol=0.04)
    deviation = (drawn.mean(dim=0) - originals).abs() / originals.abs()
    assert float(deviation.max()) < 0.08
    # Each row and each component is drawn by itself.
    assert len({row.numpy().tobytes() for row in left_out.reshape(-1, 40)}) > 7990


def test_the_generator_alone_draws_layers_and_views():
    features, views = make_features(40, n_views=2)
    indices = torch.arange(N_SAMPLES)
    drawn = []
    for seed in (0, 0, 1):
        _, inputs = make_inputs(features, views, seed)
        torch.manual_seed(len(drawn))
        drawn.append((inputs.new_layers()[0].weight, inputs.random_views(indices)))
    for ours, again, other in zip(*drawn, strict=True):
        assert torch.equal(ours, again)
        assert not torch.equal(ours, other)


def test_new_layers_are_those_of_the_head_with_fewer_inputs():
    head, inputs = make_inputs(make_features(300)[0])
    layers = inputs.new_layers()
    assert [*layers.state_dict()] == [*head.layers.state_dict()]
    assert layers[0].weight.shape == (head.layers[0].out_features, 256)
    assert layers[2].weight.shape == head.layers[2].weight.shape
    # Uniform, as torch draws them.
    for layer in (layers[0], layers[2]):
        bound = layer.in_features**-0.5
        for parameter in (layer.weight, layer.bias):
            assert float(parameter.detach().abs().max()) <= bound
        assert float(layer.weight.detach().std()) == pytest.approx(bound / 3**0.5, rel=0.03)
