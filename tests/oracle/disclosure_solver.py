"""What a reader with pencil and paper can find out: exact linear algebra and exact linear programming over fractions.

A system is a list of equations ({unknown: coefficient}, constant), sum of coefficient * unknown = constant."""
from fractions import Fraction


def reduced(equations):
    """Reduced row echelon form: {pivot: (row without the pivot, constant)}; the pivot has coefficient 1."""
    pivots = {}
    for row, constant in equations:
        row, constant = {k: Fraction(v) for k, v in row.items() if v}, Fraction(constant)
        for pivot in [k for k in row if k in pivots]:
            factor = row.pop(pivot)
            other, other_constant = pivots[pivot]
            for k, v in other.items():
                row[k] = row.get(k, 0) - factor * v
                if row[k] == 0:
                    del row[k]
            constant -= factor * other_constant
        if not row:
            if constant != 0:
                raise AssertionError("the published figures contradict each other")
            continue
        pivot = next(iter(row))
        factor = row.pop(pivot)
        row = {k: v / factor for k, v in row.items()}
        constant /= factor
        for other, (values, other_constant) in list(pivots.items()):
            share = values.pop(pivot, 0)
            if share:
                for k, v in row.items():
                    values[k] = values.get(k, 0) - share * v
                    if values[k] == 0:
                        del values[k]
                pivots[other] = (values, other_constant - share * constant)
        pivots[pivot] = (row, constant)
    return pivots


def determined(equations):
    """{unknown: value} of those that the equations leave no choice."""
    return {pivot: constant for pivot, (row, constant) in reduced(equations).items() if not row}


def greatest(equations, target):
    """The greatest value of one unknown where none is negative; None: no bound. The dictionary method, Bland's rule."""
    pivots = feasible(equations)
    while True:
        row, constant = pivots.get(target, ({target: Fraction(-1)}, Fraction(0)))
        # target = constant - sum(row): growing a free unknown with a negative entry makes the target greater
        enter = next((k for k in sorted(row) if row[k] < 0), None)
        if enter is None:
            return constant
        leave = None
        for pivot in sorted(pivots):
            share = pivots[pivot][0].get(enter, 0)
            if share > 0 and (leave is None or pivots[pivot][1] / share < limit):
                leave, limit = pivot, pivots[pivot][1] / share
        if leave is None:
            return None
        exchange(pivots, leave, enter)


def least(equations, target):
    """The least value of one unknown where none is negative."""
    pivots = feasible(equations)
    while True:
        row, constant = pivots.get(target, ({}, Fraction(0)))
        enter = next((k for k in sorted(row) if row[k] > 0), None)
        if enter is None:
            return constant
        candidates = [(pivots[k][1] / pivots[k][0][enter], k) for k in pivots if pivots[k][0].get(enter, 0) > 0]
        exchange(pivots, min(candidates)[1], enter)


def exchange(pivots, leave, enter):
    row, constant = pivots.pop(leave)
    factor = row.pop(enter)
    row = {k: v / factor for k, v in row.items()}
    row[leave] = 1 / factor
    constant /= factor
    for pivot, (values, other) in list(pivots.items()):
        share = values.pop(enter, 0)
        if share:
            for k, v in row.items():
                values[k] = values.get(k, 0) - share * v
                if values[k] == 0:
                    del values[k]
            pivots[pivot] = (values, other - share * constant)
    pivots[enter] = (row, constant)


def feasible(equations):
    """A dictionary whose free unknowns are 0 and whose pivots are not negative: dual steps, smallest index first."""
    pivots = {k: (dict(row), constant) for k, (row, constant) in reduced(equations).items()}
    while True:
        bad = next((k for k in sorted(pivots) if pivots[k][1] < 0), None)
        if bad is None:
            return pivots
        enter = next((k for k in sorted(pivots[bad][0]) if pivots[bad][0][k] < 0), None)
        if enter is None:
            raise AssertionError("no table without negative figures fits")
        exchange(pivots, bad, enter)
