"""Office files whose bytes depend on their content alone."""

import re
import zipfile
from datetime import date
from io import BytesIO

_CORE = "docProps/core.xml"
_WORKBOOK = ".xlsx"
_STAMPS = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")


def settled(content: bytes, day: str) -> bytes:
    """Return an Office file with every time in it set to midnight of a day, ISO 8601, workbooks inside it too."""
    at = date.fromisoformat(day)
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = source.read(name)
            if name == _CORE:
                member = _STAMPS.sub(rf"\g<1>{day}T00:00:00Z\g<2>".encode(), member)
            elif name.endswith(_WORKBOOK):
                member = settled(member, day)
            stamped = zipfile.ZipInfo(name, (at.year, at.month, at.day, 0, 0, 0))
            stamped.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(stamped, member)
    return made.getvalue()
