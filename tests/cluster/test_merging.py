import numpy as np
import pytest

from skdeepcluster.cluster._merging import merging


def test_merging_numbers_in_the_order_of_the_first():
    np.testing.assert_array_equal(merging([[0, 3], [1, 4]], 6), [0, 1, 2, 0, 1, 3])
    np.testing.assert_array_equal(merging([4, 2], 5), [0, 1, 2, 3, 2])
    np.testing.assert_array_equal(merging([], 3), [0, 1, 2])
    for groups, message in (([[0, 7]], "no cluster 7"), ([[0, 1], [1, 2]], "named twice")):
        with pytest.raises(ValueError, match=message):
            merging(groups, 4)
