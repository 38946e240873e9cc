"""How a command reads images: an ImageReader from its options."""

import importlib
import importlib.util
from pathlib import Path


def reader_from(options):
    """Make the ImageReader that the options of ``add_reading`` describe."""
    from ..images import ImageReader, as_reader

    if options.suffixes is not None and options.reader is None:
        raise ValueError(
            "--suffixes names the files that the function of --reader reads: pass --reader, too."
        )
    reader = ImageReader(
        function_from(options),
        suffixes=None if options.suffixes is None else options.suffixes.split(","),
        frame=_frame(options.frame),
        channels=None if options.channels is None else _numbers(options, "channels", int),
        intensity_range=_range(options),
        aspect=options.aspect,
    )
    return as_reader(reader)


def function_from(options):
    """Load the function that ``--reader`` names; None if there is none."""
    if options.reader is None:
        return None
    place, _, name = options.reader.rpartition(":")
    if not place:
        raise ValueError(f"--reader {options.reader!r} is not FILE.py:FUNCTION.")
    if place.endswith(".py"):
        spec = importlib.util.spec_from_file_location(Path(place).stem, place)
        assert spec is not None and spec.loader is not None, "the name ends in .py"
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(place)
    if not callable(getattr(module, name, None)):
        raise ValueError(f"--reader {options.reader!r}: there is no function {name!r} in {place}.")
    return getattr(module, name)


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


def _frame(text):
    if text is None or text in ("max", "mean"):
        return text
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"--frame {text!r} is neither a number nor max or mean.") from None


def _range(options):
    if "," not in options.intensity_range:
        return options.intensity_range
    return _numbers(options, "intensity_range", float)


def _numbers(options, name, kind):
    text = getattr(options, name)
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        option = name.replace("_", "-")
        raise ValueError(f"--{option} {text!r}: these are not numbers with commas.") from None
