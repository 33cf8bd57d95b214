"""The account of an incident that a referral may carry: pure text in, text out."""
