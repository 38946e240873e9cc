"""What cannot be had, and how quickly and clearly that is said."""

import http.server
import re
import socket
import threading
import time

import pytest
import torch
from huggingface_hub import constants

from skdeepcluster.backbones import BackboneLoadError, _hubs, load_backbone

NAMES = [
    "timm:test_vit.r160_in1k",
    "timm:hf-hub:some-lab/cells",
    "torchvision:resnet18/IMAGENET1K_V1",
    "open_clip:ViT-B-32/laion2b_s34b_b79k",
    "open_clip:RN50/openai",
    "open_clip:hf-hub:some-lab/cells",
]


@pytest.fixture(autouse=True)
def empty_caches(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "torch"))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def no_network(monkeypatch):
    """A machine whose network is down."""

    def fail(*args, **options):
        asked.append(args[0])
        raise socket.gaierror(-2, "Name or service not known")

    asked: list = []
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    return asked


def message_of(name):
    start = time.perf_counter()
    with pytest.raises(BackboneLoadError) as caught:
        load_backbone(name)
    assert time.perf_counter() - start < 10
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_network_it_fails_at_once_and_says_so(name, no_network, capfd):
    message = message_of(name)
    assert message.startswith(f"{name}: its weights are not in the cache")
    assert "the network was the cause" in message
    assert "'efficientnet_lite0' works" in message
    assert no_network
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
@pytest.mark.parametrize("name", NAMES)
def test_the_variables_that_forbid_the_network_are_heeded(name, variable, no_network, monkeypatch):
    monkeypatch.setenv(variable, "1")
    message = message_of(name)
    assert "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids downloading them" in message
    assert "the network was the cause" not in message
    assert not no_network


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_variables_that_are_off_forbid_nothing(value, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    assert not _hubs.is_offline()


def test_the_switch_of_the_hub_is_put_back(no_network):
    message_of("timm:test_vit.r160_in1k")
    assert constants.HF_HUB_OFFLINE is False


def test_what_needs_no_network_asks_for_none(no_network):
    load_backbone("efficientnet_lite0", image_size=64)
    load_backbone("untrained:test_vit3")
    assert not no_network


@pytest.fixture
def hub(monkeypatch):
    """A hub on this machine; its answer is set as (status, headers)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        answer: tuple = (200, {})

        def do_HEAD(self):
            status, headers = (200, {}) if self.path == "/" else Handler.answer
            self.send_response(status)
            for item in headers.items():
                self.send_header(*item)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    yield Handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("name", [name for name in NAMES if "torchvision" not in name])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((403, {"X-Error-Code": "GatedRepo"}), "registered users only.*log in"),
        ((404, {"X-Error-Code": "RepoNotFound"}), "was reached but has no such weights"),
        ((404, {"X-Error-Code": "EntryNotFound"}), "was reached but has no such weights"),
    ],
    ids=["gated", "no repository", "no file"],
)
def test_a_hub_that_answers_is_not_blamed_on_the_network(name, answer, expected, hub):
    hub.answer = answer
    message = message_of(name)
    assert re.search(expected, message)
    assert "network" not in message


def test_a_hub_that_never_answers_is_given_up(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(_hubs, "_TIMEOUT", 0.2)
        message = message_of("timm:test_vit.r160_in1k")
    assert "the network was the cause" in message


def test_weights_that_are_gone_from_a_server(hub, monkeypatch):
    from torchvision import models

    hub.answer = (404, {})
    weights = models.ResNet18_Weights.IMAGENET1K_V1
    url = f"{constants.ENDPOINT}/resnet18.pth"
    monkeypatch.setattr(type(weights), "url", property(lambda self: url))
    message = message_of("torchvision:resnet18/IMAGENET1K_V1")
    assert "download.pytorch.org was reached but has no such weights" in message


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ModuleNotFoundError("No module named 'x'", name="x"), "the package 'x' is missing"),
        (RuntimeError("odd\nmore"), r"loading it failed; the network was not the cause .*odd\)"),
        (TimeoutError("slow"), "the network was the cause"),
    ],
)
def test_errors_are_explained(error, expected):
    message = _hubs.explain("timm:x", "the Hugging Face hub", error)
    assert re.search(expected, message)
