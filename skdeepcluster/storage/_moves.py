"""Moving files, and moving them back if something fails."""

import os
import shutil


class Moves:
    """Moves files and symbolic links one by one, and can move them back.

    Parameters
    ----------
    sources : iterable of Path
        Absolute paths of everything that will be moved.
    """

    def __init__(self, sources):
        # While all are in place: the text of each link, and the file that it leads to.
        self._links = {
            source: (os.readlink(source), os.path.realpath(source))
            for source in sources
            if source.is_symlink()
        }
        self._begun = []
        self._new_places = {}

    def move(self, source, target):
        """Move a file; replace a link by a new one to where its file is now."""
        self._begun.append((source, target))
        if source not in self._links:
            self._new_places[os.path.realpath(source)] = target
            shutil.move(source, target)
            return
        _, end = self._links[source]
        os.symlink(self._new_places.get(end, end), target)
        source.unlink()

    def undo(self, record):
        """Move everything back.

        Parameters
        ----------
        record : Path
            A file that lists the moves, for the message.

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
                f"Images were being moved, and not all could be moved back: {str(record)!r} "
                "says where they are."
            ) from error

    def _move_back(self, source, target):
        # If the source still exists it was never moved, and the target is a partial copy.
        if not os.path.lexists(source):
            if source not in self._links:
                shutil.move(target, source)
                return
            os.symlink(self._links[source][0], source)
        target.unlink()
