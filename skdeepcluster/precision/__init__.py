"""In which precision the processor is fastest."""

from ._products import faster_products, product_dtype

__all__ = ["faster_products", "product_dtype"]
