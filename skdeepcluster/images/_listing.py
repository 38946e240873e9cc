"""Listing the images in folders."""

import os
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from ._dicom import DICOM_SUFFIXES
from ._exported import EXPORT_RECORD, exports_in
from ._signatures import HEAD, begins_like_image

SUFFIXES = (
    *(".apng", ".avif", ".avifs", ".bmp", ".btf", ".dib", ".gif", ".icb", ".j2c", ".j2k", ".jfif"),
    *(".jp2", ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo", ".pbm", ".pgm", ".png"),
    *(".pnm", ".ppm", ".tf2", ".tf8", ".tga", ".tif", ".tiff", ".vda", ".vst", ".webp"),
)
HEIF_SUFFIXES = (".heic", ".heif", ".hif")
# What else is an image, and by what it is read.
_READER = "pass reader=ImageReader(function, suffixes=...), see 'Images of science'"
_CURES = {
    **dict.fromkeys(HEIF_SUFFIXES, 'pip install "skdeepcluster[heif]"'),
    **dict.fromkeys(DICOM_SUFFIXES, 'pip install "skdeepcluster[dicom]"'),
    **dict.fromkeys((".jxl",), "pip install pillow-jxl-plugin, and import it"),
    **dict.fromkeys(
        (
            # Cameras.
            *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq"),
            *(".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2"),
            *(".rwl", ".sr2", ".srf", ".srw", ".x3f"),
            # Microscopes.
            *(".bif", ".czi", ".dm3", ".dm4", ".emd", ".ics", ".ids", ".ims", ".lif", ".lof"),
            *(".mrc", ".mrxs", ".nd2", ".oib", ".oif", ".oir", ".ser", ".vms", ".vsi", ".zvi"),
            # Medicine and astronomy.
            *(".fit", ".fits", ".fts", ".mgh", ".mgz", ".mha", ".mhd", ".mnc", ".nhdr", ".nii"),
            *(".nii.gz", ".nrrd"),
            # Graphics.
            *(".dds", ".exr", ".hdr", ".jls", ".pcx", ".pfm", ".psd", ".qoi", ".sgi", ".svg"),
        ),
        _READER,
    ),
    ".npy": 'if they are images, pass reader=ImageReader(numpy.load, suffixes=".npy")',
    **dict.fromkeys((".h5", ".hdf5", ".mat", ".npz"), f"if they are images, {_READER}"),
    **dict.fromkeys(
        (".lsm", ".ndpi", ".qptiff", ".scn", ".stk", ".svs"),
        "list_images(..., suffixes=...); they are TIFF",
    ),
}
_NAMELESS = "without a suffix"
# What systems leave in folders, besides hidden files.
_SYSTEM_FILES = {"desktop.ini", "ehthumbs.db", "icon\r", "thumbs.db"}
# Of files that are no images the most frequent kinds are named.
_MOST_KINDS = 6
# Other suffixes are letters, and digits behind them; numbers are parts of names.
_IS_SUFFIX = re.compile(r"\.[a-z]\w*")
# Of files of another suffix so many are looked at, and all of them if one is an image.
_N_LOOKED_AT = 50
# Folders of thumbnails, deleted files and the like.
_SYSTEM_FOLDERS = {"@eadir", "#recycle", "$recycle.bin", "__macosx", "system volume information"}
# What segmentation programs write beside an image of the same name.
_BESIDE = re.compile(r"(_cp_masks|_masks|_flows|_cp_outlines|_outlines|_seg)$")


def suffixes_read(suffixes: Sequence[str] = ()) -> tuple[str, ...]:
    """Suffixes of files that are images here, with what packages that are installed read."""
    from ._decoding import register_heif

    heif = HEIF_SUFFIXES if find_spec("pillow_heif") and register_heif() else ()
    dicom = DICOM_SUFFIXES if find_spec("pydicom") else ()
    # Such as those of JPEG XL, after its plugin was imported.
    registered = tuple(
        suffix
        for suffix, kind in Image.registered_extensions().items()
        if kind in Image.OPEN and not Image.OPEN[kind][0].__module__.startswith("PIL.")
    )
    return (*SUFFIXES, *heif, *dicom, *registered, *suffixes)


def list_images(
    folder: str | os.PathLike[str],
    *,
    recursive: bool = True,
    suffixes: str | Sequence[str] = (),
) -> list[Path]:
    """List the images in a folder.

    Parameters
    ----------
    folder : path
    recursive : bool, default=True
        Whether subfolders are searched, too.
    suffixes : str or sequence of str, default=()
        Further ends of names, such as ".czi", of files that a ``reader`` reads.

    Returns
    -------
    paths : list of Path
        Sorted. Images are recognised by their suffix: those that Pillow and its registered
        plugins, pillow-heif and pydicom read, if they are installed. Left out are hidden files
        and folders, folders of thumbnails and deleted files that systems make, folders that
        symbolic links lead to a second time, the masks that segmentation programs write
        beside an image (``cell_masks.tif`` beside ``cell.tif``), and images that ``--export`` of
        the command sorted into a folder below this one.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such folder.
    OSError
        If the folder cannot be read, such as PermissionError.
    ValueError
        If there is no image in it.

    Warns
    -----
    UserWarning
        If a subfolder cannot be read, or if files are ignored: how many of which kind, and what
        can be done where they are images, which nothing that is installed reads or whose suffix
        is that of no image. Files that systems make are not counted. If images are masks, or
        exported.

    Examples
    --------
    >>> from skdeepcluster import list_images
    >>> paths = list_images("photos/")  # doctest: +SKIP
    """
    folder = Path(folder).expanduser()
    if not folder.exists():
        raise FileNotFoundError(
            f"There is no folder {str(folder)!r} (working directory: {os.getcwd()!r}). Check the "
            "spelling, or pass the full path."
        )
    if not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is a file, not a folder. Pass a list: [path].")
    further = (suffixes,) if isinstance(suffixes, str) else suffixes
    known = suffixes_read([f".{suffix.lower().lstrip('.')}" for suffix in further])
    paths, others = _walk(folder, recursive, known)
    masks = {path for path in paths if _is_beside_image(path, paths)}
    # What belongs to an image is not missed, whatever its format.
    ignored = _ignored([path for path in others if not _is_beside_image(path, paths)], masks)
    if not paths:
        raise ValueError(
            f"No images in {str(folder)!r}: {len(others)} other files were found. Images are "
            f"files ending in {', '.join(dict.fromkeys(known))}." + f" {ignored}." * bool(ignored)
        )
    if ignored:
        warnings.warn(f"In {str(folder)!r}, {ignored}.", stacklevel=2)
    return sorted(_without_exported(folder, [path for path in paths if path not in masks]))


def _without_exported(folder, paths):
    exports = exports_in(folder, paths)
    kept = [path for path in paths if path.parent.parent not in exports]
    if not kept:
        raise ValueError(
            f"All images in {str(folder)!r} were exported there by earlier runs. To use them, "
            f"pass one of these folders: {', '.join(map(repr, sorted(map(str, exports))))}."
        )
    if len(kept) < len(paths):
        warnings.warn(
            f"{len(paths) - len(kept)} images that earlier runs exported into "
            f"{str(folder)!r} are left out.",
            stacklevel=3,
        )
    return kept


def _walk(folder, recursive, suffixes):
    """Find files, hidden ones left out: images, and others."""
    unreadable: list[OSError] = []
    images: dict[Path, None] = {}
    others, seen = [], set()
    for parent, folders, files in os.walk(folder, onerror=unreadable.append, followlinks=True):
        folders[:] = sorted(filter(_is_of_user, folders)) * recursive
        # Symbolic links may lead to a folder that was seen already, or form a cycle.
        place = os.path.realpath(parent)
        if place in seen:
            folders.clear()
            continue
        seen.add(place)
        for name in files:
            if name.startswith(".") or name.lower() in _SYSTEM_FILES or name == EXPORT_RECORD:
                continue
            path = Path(parent, name)
            is_image = name.lower().endswith(suffixes) and not _is_special(path)
            if is_image:
                images[path] = None
            else:
                others.append(path)
    for error in unreadable:
        if error.filename == str(folder):
            raise error
        warnings.warn(
            f"Images in {error.filename!r} are left out: the folder cannot be read "
            f"({error.strerror}).",
            stacklevel=3,
        )
    return images, others


def _is_of_user(name):
    return not name.startswith(".") and name.lower() not in _SYSTEM_FOLDERS


def _is_special(path):
    """Whether it is a pipe or the like, reading from which would block; not a broken link."""
    return not path.is_file() and path.exists()


def _is_beside_image(path, paths):
    stem, n_ends = _BESIDE.subn("", path.stem)
    if not n_ends:
        return False
    return any(path.with_name(stem + suffix) in paths for suffix in _spellings(path.suffix))


def _spellings(suffix):
    # A mask in PNG or TIFF may belong to an image in another format.
    return [spelling for each in (suffix, *SUFFIXES) for spelling in (each.lower(), each.upper())]


def _ignored(others, masks):
    """Say which files are ignored, and what can be done if they are images; empty if none is."""
    counts = Counter(map(_kind, others))
    cures = {suffix: cure for suffix, cure in _CURES.items() if counts[suffix]}
    lines = [
        f"{', '.join(f'{counts.pop(s)} {s}' for s, each in cures.items() if each == cure)} ({cure})"
        for cure in dict.fromkeys(cures.values())
    ]
    unlisted = _unlisted(others)
    if unlisted:
        named = ", ".join(f"{n} {kind or _NAMELESS}" for kind, n in sorted(unlisted.items()))
        lines.append(f"{named} (images: rename them, or pass a list of paths)")
    # The others are no images.
    counts.subtract(unlisted)
    rest = sorted(((kind or _NAMELESS, n) for kind, n in counts.items() if n), key=_most_first)
    lines += [f"{n} {kind}" for kind, n in rest[:_MOST_KINDS]]
    if rest[_MOST_KINDS:]:
        lines.append(f"{sum(n for _, n in rest[_MOST_KINDS:])} others")
    if masks:
        lines.append(f"{len(masks)} masks beside images of the same name")
    n_ignored = len(others) + len(masks)
    files = "file is" if n_ignored == 1 else "files are"
    return f"{n_ignored} {files} ignored: {', '.join(lines)}" if n_ignored else ""


def _most_first(counted):
    kind, n = counted
    return -n, kind


def _kind(path):
    """Return the suffix of a file; "" stands for all that is none."""
    n_parts = 2 if path.suffix.lower() == ".gz" else 1
    suffix = "".join(path.suffixes[-n_parts:]).lower()
    return suffix if suffix in _CURES or _IS_SUFFIX.fullmatch(suffix) else ""


def _unlisted(others):
    """Count the files that begin like images by their kind."""
    by_kind = defaultdict(list)
    for path in sorted(others):
        if _kind(path) not in _CURES:
            by_kind[_kind(path)].append(path)
    return {
        kind: sum(map(_looks_like_image, paths))
        for kind, paths in by_kind.items()
        if any(map(_looks_like_image, paths[:: len(paths) // _N_LOOKED_AT + 1]))
    }


def _looks_like_image(path):
    if not path.is_file():
        return False
    try:
        with open(path, "rb") as file:
            return begins_like_image(file.read(HEAD))
    except OSError:
        return False
