"""Compares estate.ols() with numpy.linalg.lstsq.

The csv is on standard input, ours in the environment (see king_county.sh).
"""
import json, os, sys
import numpy as np

names = os.environ["COLUMNS_OF_X"].split(",")
table = np.genfromtxt(sys.stdin, delimiter=",", names=True, dtype=None, encoding="utf8")
x = np.column_stack([np.ones(len(table))] + [table[name].astype(float) for name in names])
y = table["price"].astype(float)
b, _, _, singular = np.linalg.lstsq(x, y, rcond=None)
rest = y - x @ b
r2 = 1 - (rest @ rest) / ((y - y.mean()) @ (y - y.mean()))
# standard errors through the triangular factor of scaled columns
scale = np.sqrt((x * x).sum(0))
inverse = np.linalg.inv(np.linalg.qr(x / scale, mode="r"))
errors = np.sqrt((rest @ rest) / (len(y) - x.shape[1]) * (inverse * inverse).sum(1)) / scale

coefficients, standard_errors, our_r2 = os.environ["OURS"].split("|")
worst = 0.0
for name, ours, theirs in zip(["(intercept)"] + names, json.loads(coefficients), b):
    worst = max(worst, abs(ours / theirs - 1))
    print(f"{name:14s} {ours:24.15g} {theirs:24.15g} {abs(ours / theirs - 1):.1e}")
worst_error = float(np.max(np.abs(np.array(json.loads(standard_errors)) / errors - 1)))
print(f"condition {singular[0] / singular[-1]:.1e}; largest relative difference: "
      f"coefficients {worst:.1e}, "
      f"standard errors {worst_error:.1e}, R2 {abs(float(our_r2) / r2 - 1):.1e}")
sys.exit(int(worst > 1e-9 or worst_error > 1e-7 or abs(float(our_r2) / r2 - 1) > 1e-9))
