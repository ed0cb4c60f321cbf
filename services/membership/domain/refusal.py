"""The root of everything membership refuses."""

from typing import ClassVar


class MembershipRefusal(Exception):  # noqa: N818 - it reads as what happened
    """A rule of membership says no; `code` is stable and names the rule, never a value."""

    code: ClassVar[str]
