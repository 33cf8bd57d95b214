"""Sound frames for every suite, to break one thing at a time in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd


def _coordinates(n: int) -> list[str]:
    return [f"incidents[0]@{i}" for i in range(n)]


def landed_incidents(n: int) -> pd.DataFrame:
    """A frame of `n` rows that keeps every rule of `landed_incidents`."""
    when = pd.Series(pd.date_range("2026-01-01", periods=n, freq="s", tz="UTC")).astype("datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "coordinate": _coordinates(n),
            "schema_version": ["1.0"] * n,
            "source_system": ["NICHE"] * n,
            "source_force": ["13"] * n,
            "version": np.ones(n, dtype="int64"),
            "change_type": ["CREATE"] * n,
            "recorded_ts": when,
            "event_ts": when.copy(deep=True),
            "recorded_before_event_s": np.zeros(n),
            "persons": np.full(n, 2),
            "offences": np.full(n, 1),
            "relations": np.full(n, 1),
            "narrative_chars": np.full(n, 900),
        }
    )


def landed_persons(n: int) -> pd.DataFrame:
    """A frame of `n` rows that keeps every rule of `landed_persons`."""
    return pd.DataFrame(
        {
            "coordinate": _coordinates(n),
            "person_ref": [f"p{i % 3}" for i in range(n)],
            "roles": np.ones(n, dtype="int64"),
            "known_roles": np.ones(n, dtype="int64"),
            "dob_state": ["OK"] * n,
            "faults": np.zeros(n, dtype="int64"),
            "risk_score": np.full(n, np.nan),
            "risk_level": pd.Series([None] * n, dtype="str"),
            "assessment": pd.Series([None] * n, dtype="str"),
        }
    )


def tagged_persons(n: int) -> pd.DataFrame:
    """A frame of `n` rows that keeps every rule of `tagged_persons`."""
    return pd.DataFrame(
        {
            "coordinate": _coordinates(n),
            "person_ref": ["p1"] * n,
            "standing": np.full(n, 4),
            "protections": np.full(n, 1),
            "evidence": np.zeros(n, dtype="int64"),
            "caution": np.zeros(n, dtype="int64"),
            "child": np.zeros(n, dtype=bool),
            "high_risk": np.zeros(n, dtype=bool),
            "consent": np.zeros(n, dtype="int64"),
            "victim_unprotected": np.zeros(n, dtype=bool),
        }
    )


def outgoing_referrals(n: int) -> pd.DataFrame:
    """A frame of `n` rows that keeps every rule of `outgoing_referrals`."""
    return pd.DataFrame(
        {
            "message_id": [f"{i:032x}" for i in range(n)],
            "key": ["ab" * 16] * n,
            "reason": ["DOMESTIC_ABUSE"] * n,
            "risk": ["HIGH"] * n,
            "support_needs": ["IMMIGRATION_ADVICE|INTERPRETER"] * n,
            "onward_sharing": ["PROHIBITED_IMMIGRATION_ENFORCEMENT"] * n,
            "keys": ["incident_id,legal_basis,person,reason,referral_id,risk,schema,source_force"] * n,
            "account_chars": np.full(n, 700),
            "immigration_words": np.zeros(n, dtype="int64"),
            "refuge_hits": np.zeros(n, dtype="int64"),
            "unsafe_contacts": np.zeros(n, dtype="int64"),
        }
    )


def outgoing_subjects(n: int) -> pd.DataFrame:
    """A frame of `n` rows that keeps every rule of `outgoing_subjects`."""
    return pd.DataFrame(
        {
            "msg_id": [f"00000000-0000-4000-8000-{i:012x}" for i in range(n)],
            "surname": ["O'Brien-Østergård"] * n,
            "given_names": ["Łukasz|Юрий|أحمد"] * n,
            "dob": ["1988-01-30"] * n,
            "statute": ["IA1971"] * n,
            "section": ["24(1)(b)(i)"] * n,
            "basis": ["EVIDENCE_OF_OFFENCE"] * n,
            "purpose": ["IMMIGRATION_OFFENCE_INVESTIGATION"] * n,
            "legal_basis": ["IAA1999_S20"] * n,
            "completeness": ["FILTERED_VIEW"] * n,
            "accuracy": ["AS_RECORDED"] * n,
            "keys": ["basis,issued_day,kind,legal_basis,msg_id,offence,purpose,quality,schema,subject"] * n,
        }
    )


SOUND: dict[str, Callable[[int], pd.DataFrame]] = {
    "landed_incidents": landed_incidents,
    "landed_persons": landed_persons,
    "tagged_persons": tagged_persons,
    "outgoing_referrals": outgoing_referrals,
    "outgoing_subjects": outgoing_subjects,
}
