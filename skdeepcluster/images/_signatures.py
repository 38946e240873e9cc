"""How encoded images begin."""

import re

from ._dicom import is_dicom

# As many bytes as tell.
HEAD = 132
# PNG, JPEG, GIF, BMP, WebP, TIFF, JPEG 2000, JPEG XL, AVIF and HEIC, Netpbm. Films begin like the
# last but one, with other letters.
_BEGINNINGS = re.compile(
    rb"\x89PNG\r\n|\xff\xd8\xff|GIF8|BM.{4}\0{4}|RIFF.{4}WEBP|II[*+]\0|MM\0[*+]"
    rb"|\xff\x4f\xff\x51|.{4}(?:jP  |JXL )|.{4}ftyp(?:avi[fs]|hei[cmsx]|hev[cx]|mif1|msf1)"
    rb"|P[1-6]\s[\s\d#]",
    re.DOTALL,
)


def begins_like_image(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an encoded image of a kind that is read."""
    return _BEGINNINGS.match(head) is not None or is_dicom(head)
