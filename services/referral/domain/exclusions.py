"""A person's secret list: organisations and accounts to which neither they nor anything of theirs exists."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from dataclasses import dataclass

from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import OrganizationId, UserId

MOST = 100


class ExclusionOfOwnOrganization(ReferralError):
    """The organisation whose record it is cannot be excluded from it; its accounts can."""

    code = "exclusion.own-organization"


class ExclusionOfOneself(ReferralError):
    """Whoever writes the list cannot put themselves on it: somebody must be left who follows the person."""

    code = "exclusion.oneself"


class TooManyExclusions(ReferralError):
    """The list holds a hundred names at most."""

    code = "exclusion.too-many"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """Who is excluded; whoever is finds nothing, as if nothing were there."""

    organizations: frozenset[OrganizationId] = frozenset()
    accounts: frozenset[UserId] = frozenset()

    def shuts_out(self, organization: OrganizationId, user: UserId) -> bool:
        """Say whether someone acting for an organisation is to find nothing."""
        return organization in self.organizations or user in self.accounts

    def with_more(self, more: "Exclusions", owner: OrganizationId, by: UserId) -> "Exclusions":
        """Add to the list, or raise the named refusal; `by` is who writes it, for the `owner` of the record."""
        if owner in more.organizations:
            raise ExclusionOfOwnOrganization
        if by in more.accounts:
            raise ExclusionOfOneself
        whole = Exclusions(
            organizations=self.organizations | more.organizations, accounts=self.accounts | more.accounts
        )
        if len(whole.organizations) + len(whole.accounts) > MOST:
            raise TooManyExclusions
        return whole

    def without(self, less: "Exclusions") -> "Exclusions":
        """Take names off the list; what ended because of them stays ended."""
        return Exclusions(organizations=self.organizations - less.organizations, accounts=self.accounts - less.accounts)


NOBODY = Exclusions()
