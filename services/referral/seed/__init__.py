"""Invented referrals between the members that are there, as many as asked: to measure with, and to look at."""

from services.referral.seed.loading import NobodyToRefer, load

__all__ = ["NobodyToRefer", "load"]
