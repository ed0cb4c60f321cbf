"""Typed identifiers, each the text of a version 4 UUID."""

from typing import NewType

OrganizationId = NewType("OrganizationId", str)
UserId = NewType("UserId", str)
PersonId = NewType("PersonId", str)
ConsentId = NewType("ConsentId", str)
GroundId = NewType("GroundId", str)
EmergencyId = NewType("EmergencyId", str)
YouthReportId = NewType("YouthReportId", str)
ReferralId = NewType("ReferralId", str)
ReferralSetId = NewType("ReferralSetId", str)
ServiceId = NewType("ServiceId", str)
QueryId = NewType("QueryId", str)
