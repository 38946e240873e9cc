"""Images in a column of a table, among other columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer

from skdeepcluster import DeepImageClusterer, ImageEmbedder, list_images


@pytest.fixture
def table(photo_folder):
    paths = [str(path) for path in list_images(photo_folder)]
    return pd.DataFrame({"path": paths, "x": np.arange(40.0)}, index=range(100, 140))


ESTIMATORS = {
    "imageembedder": lambda: ImageEmbedder(image_size=32),
    "deepimageclusterer": lambda: DeepImageClusterer(
        2, image_size=32, n_views=0, max_iter=1, random_state=0
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("column", ["path", ["path"]])
def test_one_of_several_columns(table, name, column):
    transformer = ColumnTransformer(
        [("i", ESTIMATORS[name](), column), ("n", "passthrough", ["x"])],
        verbose_feature_names_out=False,
    )
    found = transformer.set_output(transform="pandas").fit_transform(table)
    names = [f"{name}{number}" for number in range(found.shape[1] - 1)]
    assert [*found.columns] == [*transformer.get_feature_names_out()] == [*names, "x"]
    assert [*found.index] == [*table.index]
    expected = ESTIMATORS[name]().fit_transform(table["path"].tolist())
    np.testing.assert_allclose(found[names], expected, atol=1e-5)
    again = transformer.transform(table[:5])
    np.testing.assert_allclose(again[names], expected[:5], atol=1e-5)


def test_names_of_features_are_checked():
    fitted = ImageEmbedder().fit(np.zeros((3, 2)))
    assert [*fitted.get_feature_names_out(["a", "b"])] == ["imageembedder0", "imageembedder1"]
    with pytest.raises(ValueError, match="length equal to number of features"):
        fitted.get_feature_names_out(["a"])
