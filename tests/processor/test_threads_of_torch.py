from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from skdeepcluster.processor import one_thread_of_torch_here
from skdeepcluster.processor import threads_worth_multiplications as threads_worth


def test_small_work_has_one_thread_and_gives_the_others_back(two_threads):
    with threads_worth(1000):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with pytest.raises(KeyboardInterrupt), threads_worth(1000):
        raise KeyboardInterrupt
    assert torch.get_num_threads() == 2


def test_large_work_keeps_its_threads(two_threads):
    with threads_worth(10**10):
        assert torch.get_num_threads() == 2


def test_one_thread_here_leaves_others_alone(two_threads):
    with ThreadPoolExecutor(1, initializer=one_thread_of_torch_here) as pool:
        assert pool.submit(torch.get_num_threads).result() == 1
    assert torch.get_num_threads() == 2
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 2
