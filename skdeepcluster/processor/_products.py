"""Products of matrices in half precision, where that is faster."""

import torch


def product_dtype() -> torch.dtype:
    """Return the type in which the CPU multiplies matrices fastest, float32 or bfloat16."""
    # Older versions of torch do not tell.
    capabilities: dict = getattr(torch.cpu, "get_capabilities", dict)()
    is_faster = any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))
    return torch.bfloat16 if is_faster else torch.float32


def faster_products():
    """Give a context manager in which torch multiplies matrices in bfloat16, if the CPU can.

    Sums are in single precision, as are the weights and everything that is not a product of
    matrices.
    """
    return torch.autocast("cpu", torch.bfloat16, enabled=product_dtype() == torch.bfloat16)
