"""Which of several runs decides: the one with the lowest error on named animals that did not choose its thresholds."""

import numpy as np


def best(calibrations, error):
    """The key of the run that decides. calibrations: {run: DataFrame of the calibration table}, in the user's order.

    A run that was judged on animals from which its model had not learned comes before one that was not: the latter's
    rates flatter it. Rates up to the chosen `error` are as good as one another; of those the run that asks a person
    least decides. Where no run can promise anything, the first one does.
    """
    return min(calibrations, key=lambda run: _fault(calibrations[run], error))


def _fault(calibration, error):
    value = calibration.drop_duplicates("quantity").set_index("quantity")["value"]
    if not np.isfinite(value["accept"]) or "asked" not in value:
        return True, False, 0.0, 0.0
    excess = max(0.0, *(value.get(rate, 0.0) - error for rate in ("FNR", "FPR")))
    return False, value.get("strangers", 0.0) < 1, round(excess, 6), round(value["asked"], 6)
