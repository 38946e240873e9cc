"""Files that are moved, and back if need be."""

import os
import shutil


class Moves:
    """Moves files and links one by one, and can undo it.

    Parameters
    ----------
    sources : iterable of Path
        All that will be moved; absolute.
    """

    def __init__(self, sources):
        # While all are in place: how a link reads, and the file at its end.
        self._links = {
            source: (os.readlink(source), os.path.realpath(source))
            for source in sources
            if source.is_symlink()
        }
        self._begun = []
        self._new_places = {}

    def move(self, source, target):
        """Move a file; of a link make another, to where its file is now."""
        self._begun.append((source, target))
        if source not in self._links:
            self._new_places[os.path.realpath(source)] = target
            shutil.move(source, target)
            return
        _, end = self._links[source]
        os.symlink(self._new_places.get(end, end), target)
        source.unlink()

    def undo(self, told_by):
        """Move all back.

        Parameters
        ----------
        told_by : Path
            A file that lists the moves.

        Raises
        ------
        RuntimeError
            If that fails, or is interrupted in its turn.
        """
        try:
            for source, target in reversed(self._begun):
                if os.path.lexists(target):
                    self._move_back(source, target)
        except BaseException as error:
            raise RuntimeError(
                f"Images were being moved, and not all could be moved back: {str(told_by)!r} "
                "tells where they are."
            ) from error

    def _move_back(self, source, target):
        # One that is there still never left, and what is at the target was cut off.
        if not os.path.lexists(source):
            if source not in self._links:
                shutil.move(target, source)
                return
            os.symlink(self._links[source][0], source)
        target.unlink()
