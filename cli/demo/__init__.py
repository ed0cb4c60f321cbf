"""`coalition demo`: a referral from end to end, played through the gateway and held to the rules at each step."""
