"""Signs of typography, and those of a typewriter."""

# What keyboards, word processors and the web write in place of ' " and -, and what is not seen.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u02bc\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011", "-"),
        **dict.fromkeys("\u2012\u2013\u2014\u2015", " - "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    }
)


def plain_signs(text: str) -> str:
    """Write quotes, apostrophes, hyphens and dashes as a typewriter does.

    Parameters
    ----------
    text : str

    Returns
    -------
    text : str
    """
    return text.translate(_PLAIN)
