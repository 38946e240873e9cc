"""Downloads of weights that fail quickly without a network, and say why."""

import contextlib
import os
import urllib.error
import urllib.request

# Seconds to wait for an answer before a hub is considered unreachable.
_TIMEOUT = 5
_OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_WITHOUT_NETWORK = (
    "Without a network, 'efficientnet_lite0' works, and so do weights files "
    "('timm:<model>/<file>', or the path of a ResNet or ViT checkpoint) and weights that are in "
    "the hub's cache."
)
# Names instead of classes: they differ between versions of the libraries, of which not all are
# installed.
_GATED = {"GatedRepoError"}
_ABSENT = {
    "RemoteEntryNotFoundError",
    "RepositoryNotFoundError",
    "RevisionNotFoundError",
}
_NETWORK = {
    "ConnectError",
    "ConnectionError",
    "LocalEntryNotFoundError",
    "OfflineModeIsEnabled",
    "TimeoutError",
    "TimeoutException",
    "TransportError",
    "URLError",
}


def is_offline():
    """Whether the environment forbids the network."""
    return any(
        os.environ.get(name, "").upper() in {"1", "ON", "TRUE", "YES"}
        for name in _OFFLINE_VARIABLES
    )


@contextlib.contextmanager
def hugging_face():
    """Use only the cache of the Hugging Face hub if the hub cannot be reached.

    Its library would retry for half a minute for each of a model's files.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or is_offline() or not _answers(constants.ENDPOINT)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _answers(endpoint):
    from huggingface_hub.utils import get_session

    try:
        get_session().head(endpoint, timeout=_TIMEOUT)
    except Exception:
        # From requests or httpx, depending on the version of the library.
        return False
    return True


def check_url(url, cached):
    """Raise an error early if a file is neither in the cache nor can be downloaded.

    Parameters
    ----------
    url : str
    cached : Path
        Path of the file if it was downloaded before.
    """
    if cached.is_file():
        return
    if is_offline():
        raise ConnectionError(f"{cached} does not exist, and {url} may not be downloaded offline")
    request = urllib.request.Request(url, method="HEAD")
    urllib.request.urlopen(request, timeout=_TIMEOUT).close()


def explain(name, hub, error):
    """Explain what was tried, and whether the network was the cause.

    Parameters
    ----------
    name : str
        Name of the backbone.
    hub : str
        Where its weights come from; empty if they are not downloaded.
    error : Exception

    Returns
    -------
    message : str
    """
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    kinds = {kind.__name__ for link in chain for kind in type(link).__mro__}
    missing = next((link.name for link in chain if isinstance(link, ImportError)), None)
    refused = any(isinstance(link, urllib.error.HTTPError) for link in chain)
    first_line = next(iter(str(error).splitlines()), "")[:300]
    detail = f"({type(error).__name__}: {first_line})"
    if missing:
        return f"{name}: the package {missing!r} is missing. Install it with pip. {detail}"
    if hub and kinds & _GATED:
        return (
            f"{name}: {hub} was reached, but these weights are for registered users only. "
            f"Accept their terms on the page of the model and log in ('hf auth login'). {detail}"
        )
    if hub and (kinds & _ABSENT or refused):
        return f"{name}: {hub} was reached but has no such weights. Check the name. {detail}"
    if hub and kinds & _NETWORK:
        reason = (
            f"and {' or '.join(_OFFLINE_VARIABLES)} forbids downloading them from {hub}"
            if is_offline()
            else f"and could not be downloaded from {hub}: the network was the cause"
        )
        return f"{name}: its weights are not in the cache, {reason} {detail}. {_WITHOUT_NETWORK}"
    return f"{name}: loading it failed; the network was not the cause {detail}."
