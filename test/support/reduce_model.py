"""The smallest plan (random_models.Plan) that still shows a failure: delta debugging on what the plan is made of.

    smaller = reduce(plan, fails, seconds)   # fails: Plan -> bool; ValueError means that there is no such model
"""

import dataclasses
import time


def without_parts(items, least=0):
    """A tuple less ever smaller runs of its items: halves, quarters, single ones."""
    length = len(items)
    while length > 1:
        length = (length + 1) // 2
        for start in range(0, len(items), length):
            rest = items[:start] + items[start + length:]
            if len(rest) >= least:
                yield rest
    if len(items) == 1 and least == 0:
        yield ()


def replaced(items, index, item):
    return items[:index] + (item,) + items[index + 1:]


def lower(value, least):
    """Numbers from `least` up to below `value`, the boldest first."""
    return dict.fromkeys(number for number in (least, (value + least) // 2, value - 1) if least <= number < value)


def with_smaller_picks(pick):
    """The same kind of layer from choices nearer the first ones: fewer units, plainer attributes."""
    for cap in (0, 1, 3):
        if pick.cap is None or cap < pick.cap:
            yield dataclasses.replace(pick, cap=cap)


def smaller_plans(plan):
    change = lambda **parts: dataclasses.replace(plan, **parts)  # noqa: E731
    if plan.form != "one model":
        yield change(form="one model", models=plan.models[:1], losses=plan.losses[:1])
    for index, picks in enumerate(plan.models):
        for rest in without_parts(picks, least=1):
            yield change(models=replaced(plan.models, index, rest))
    for index, losses in enumerate(plan.losses):
        for rest in without_parts(losses, least=1):
            yield change(losses=replaced(plan.losses, index, rest))
        if losses != ("mse",):
            yield change(losses=replaced(plan.losses, index, ("mse",)))
    if plan.mask:
        yield change(mask="")
    for batch in lower(plan.batch, 1):
        yield change(batch=batch, valid=min(plan.valid, batch))
    if plan.valid < plan.batch:
        yield change(valid=plan.batch)
    for name in ("time", "width"):
        for size in lower(getattr(plan, name), 1):
            yield change(**{name: size})
    for pick in with_smaller_picks(plan.optimizer):
        yield change(optimizer=pick)
    for index, picks in enumerate(plan.models):
        for place, pick in enumerate(picks):
            for one in with_smaller_picks(pick):
                yield change(models=replaced(plan.models, index, replaced(picks, place, one)))


def reduce(plan, fails, seconds):
    """Every step is smaller than the one before, so it ends; sooner where `seconds` are over."""
    end = time.monotonic() + seconds
    going_on = True
    while going_on:
        going_on = False
        for candidate in smaller_plans(plan):
            if time.monotonic() > end:
                return plan
            try:
                if fails(candidate):
                    plan, going_on = candidate, True
                    break
            except ValueError:
                continue
    return plan
