"""Prints ``docs/reference/private-values.md``: the kinds, from the code, and how they score on others' texts.

    PENSTOCK_TEST_DATA=<folder> python docs/generate_kinds.py > docs/reference/private-values.md

The texts are read where they stand and none is copied. A test holds the committed page to what this prints, wherever
the texts are.
"""

import os
import sys
from pathlib import Path

from penstock.detection.engine import engine
from penstock.detection.kinds import DEFAULT, KINDS
from penstock.detection.scoring import Score, samples, scores

DATASET = Path("data") / "pii" / "presidio-synth-v2.json"

HEAD = """\
# Kinds of private values

<!-- Printed by docs/generate_kinds.py from detection/kinds.py; edit the text there. -->

What [scrubbing](../concepts/private-values.md) looks for. Where two findings overlap, the kind that stands first in
this table keeps the letters. Kinds of your own,
[lists of terms and patterns](../guides/keep-private-values-in.md#your-own-terms-and-patterns), stand before all.

| kind | tokens begin with | unless you say otherwise | found | not found, or left alone |
|---|---|---|---|---|
"""

SCORED = """
## How much is found

On synth_dataset_v2 of presidio-research (1,500 texts of 209 templates). A finding counts as right where it overlaps
what is marked as its kind; *covered* are marked values of which no letter is left. Types that are not in the table
above (dates, cities, organisations, ages, titles) are nobody's goal here.

| kind | marked | met | recall | covered | found | precision |
|---|---|---|---|---|---|---|
"""

END = """
`penstock scrub --score FILE` prints the same for a set of yours.
"""

_BY_DEFAULT = {True: "masked", False: "not looked for"}


def main() -> None:
    """Print the page."""
    data = Path(os.environ["PENSTOCK_TEST_DATA"]) / DATASET
    sys.stdout.write(page(data.read_bytes()))


def page(dataset: bytes) -> str:
    """The page, with scores on these texts."""
    rows = "".join(
        f"| `{one.name}` | `{one.label}_` | {_BY_DEFAULT[one.default]} | {one.found} | {one.missed} |\n"
        for one in KINDS
    )
    told = "".join(_row(one) for one in scores(engine(DEFAULT), samples(dataset)) if one.marked)
    return HEAD + rows + SCORED + told + END


def _row(one: Score) -> str:
    recall, precision = (f"{value:.2f}" if value is not None else "-" for value in (one.recall, one.precision))
    covered = f"{one.covered / one.marked:.2f}"
    return f"| `{one.kind}` | {one.marked} | {one.met} | {recall} | {covered} | {one.found} | {precision} |\n"


if __name__ == "__main__":
    main()
