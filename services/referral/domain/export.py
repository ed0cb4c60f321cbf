"""Files of lines: whole, or not at all."""

from collections.abc import Sized

from services.referral.domain.errors import ReferralError

MOST_EXPORTED = 5_000


class ExportTooLong(ReferralError):  # noqa: N818 - a refusal's name says what stands in the way
    """A file that was cut short would pass for the whole."""

    code = "export.too-long"


def check_whole(lines: Sized) -> None:
    """Raise `ExportTooLong` where a file would hold more lines than one carries."""
    if len(lines) > MOST_EXPORTED:
        raise ExportTooLong
