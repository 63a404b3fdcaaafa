"""The fonts of the PDF, which come with matplotlib: the charts are laid out in the same."""

from pathlib import Path

SANS = "DejaVu Sans"


def fonts_folder() -> Path:
    """Return the folder with DejaVu Sans and its bold, oblique and mono cuts."""
    import matplotlib as mpl  # noqa: PLC0415 -- half a second that only a report should cost

    return Path(mpl.get_data_path()) / "fonts" / "ttf"
