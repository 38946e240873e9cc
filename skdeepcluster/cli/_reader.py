"""How a command reads images: an ImageReader from its options."""

import importlib
import importlib.util
from pathlib import Path

from ._values import UsageError


def reader_from(options):
    """Make the ImageReader that the options of ``add_reading`` describe."""
    from ..images import ImageReader, as_reader

    if options.suffixes is not None and options.reader is None:
        raise UsageError(
            "--suffixes names the files that the function of --reader reads: pass --reader, too"
        )
    reader = ImageReader(
        function_from(options),
        suffixes=None if options.suffixes is None else options.suffixes.split(","),
        frame=options.frame,
        channels=options.channels,
        intensity_range=options.intensity_range,
        aspect=options.aspect,
    )
    return as_reader(reader)


def function_from(options):
    """Load the function that ``--reader`` names; None if there is none."""
    if options.reader is None:
        return None
    place, _, name = options.reader.rpartition(":")
    if not place:
        raise UsageError(f"--reader {options.reader!r} is not FILE.py:FUNCTION")
    try:
        module = _imported(place)
    # Whatever the file does, such as to end the process.
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"--reader {options.reader!r}: {place} cannot be run ({reason}). Correct the file, or "
            "name another."
        ) from error
    if not callable(getattr(module, name, None)):
        raise ValueError(f"--reader {options.reader!r}: there is no function {name!r} in {place}.")
    return getattr(module, name)


def _imported(place):
    """Import a file, or a module by its name."""
    if not place.endswith(".py"):
        return importlib.import_module(place)
    spec = importlib.util.spec_from_file_location(Path(place).stem, place)
    assert spec is not None and spec.loader is not None, "the name ends in .py"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def suffixes_of(reader):
    """Return the suffixes of files that the function of a reader reads."""
    from ..images import reader_suffixes

    return reader_suffixes(reader)


def check_function(reader, images):
    """Raise a ValueError if files need a function of a saved model that is not passed."""
    from ..images import as_image_source, missing_function

    name = missing_function(reader, as_image_source(images.X).paths or ())
    if name is not None:
        module, _, function = name.rpartition(".")
        raise ValueError(
            f"The model reads files by the function {name!r}, which is not saved with it. Pass it "
            f"as --reader {module}:{function}, or --reader FILE.py:{function}."
        )
