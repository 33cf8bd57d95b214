"""From Cedar's answers to a decision. The bytes of this file are part of every bundle's digest.

Cedar is asked about each action of the recipient's schema namespace and answers allow or deny, with the ids of the
policies that made it so. What is read out of those answers only ever goes the protective way:

1. An error anywhere, or no decision, is WITHHOLD, because Cedar skips a policy that errs and an erring `forbid` no
   longer forbids.
2. Of several outcomes permitted at once the most protective wins: refer, then hold, then release (spec 3.3).
3. A release needs its own permission, and that no `forbid` closed the way to a human: what may not even be held may
   not be released.
4. When nothing is permitted the answer is WITHHOLD.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pipelines.contracts.codes import Decision, Recipient

#: The reason given when no policy permits or forbids anything.
DEFAULT_DENY = "default_deny"
#: The reason given when the engine could not answer.
POLICY_ERROR = "policy_error"
#: The actions asked about, per recipient, as the schema names them.
ACTIONS: dict[Recipient, tuple[str, ...]] = {
    Recipient.ENFORCEMENT: ("refer", "hold", "release"),
    Recipient.SAFEGUARDING: ("hold", "release"),
}
#: What a permitted release is called.
RELEASES: dict[Recipient, Decision] = {
    Recipient.ENFORCEMENT: Decision.RELEASE_MINIMISED,
    Recipient.SAFEGUARDING: Decision.RELEASE,
}


class Answer(NamedTuple):
    """Cedar's answer about one action: `reasons` are the permits that allowed it or the forbids that denied it."""

    allowed: bool
    reasons: tuple[str, ...]
    error: bool


class Verdict(NamedTuple):
    """A decision, the ids of the policies that determined it, and whether it stands for an engine error."""

    decision: Decision
    reasons: tuple[str, ...]
    error: bool


#: What is answered whenever the engine cannot: never a release.
FAILED = Verdict(Decision.WITHHOLD, (POLICY_ERROR,), True)


def translate(recipient: Recipient, answers: Mapping[str, Answer]) -> Verdict:
    """The decision that Cedar's answers about one cell amount to."""
    if set(answers) != set(ACTIONS[recipient]) or any(answer.error for answer in answers.values()):
        return FAILED
    refer, hold, release = answers.get("refer"), answers["hold"], answers["release"]
    if refer is not None and refer.allowed:
        return Verdict(Decision.WITHHOLD_AND_REFER, refer.reasons, False)
    if hold.allowed:
        return Verdict(Decision.HOLD_FOR_HUMAN, hold.reasons, False)
    if release.allowed and not hold.reasons:
        return Verdict(RELEASES[recipient], release.reasons, False)
    forbidding = set(hold.reasons) if release.allowed else {*hold.reasons, *release.reasons}
    return Verdict(Decision.WITHHOLD, tuple(sorted(forbidding)) or (DEFAULT_DENY,), False)
