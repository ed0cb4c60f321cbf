"""What is decided about a referral: pure, standard library only, no clock and no storage."""
