"""The rules as a table for people: `python -m expectations.table` writes it into `expectations/README.md`."""

from __future__ import annotations

from pathlib import Path

from expectations.suites import SUITES, suite

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"


def render() -> str:
    """Every suite with its rules, in Markdown."""
    lines: list[str] = []
    for name in SUITES:
        rules = suite(name)
        lines += [f"### {name} (stage {rules.stage})", "", rules.frame, ""]
        lines += ["| Rule | Kind | Meaning | Owner | Expectation |", "|---|---|---|---|---|"]
        lines += [
            f"| `{rule.id.replace('|', chr(92) + '|')}` | {rule.kind} | {rule.meaning} | {rule.owner} | `{rule.expectation}` |"
            for rule in rules.rules
        ]
        lines.append("")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """A README with the present table between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
