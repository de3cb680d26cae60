"""One copy more each time a file's popularity grows tenfold.

    fsdfs vars set /music/hit.mp3 popularity=5000
    fsdfs policy set policy.yaml --python popularity.py

The swarm calls replicas() for each file: when it changes, when its vars change, and once an hour. `file` has path,
size (bytes), age (seconds since it was modified), vars (a dict of numbers), target (N without this function) and
copies. The answer is a number of copies, or None for no opinion; of two files with as many copies the one with the
higher number is served first, so fractions matter.
"""

import math

MOST = 12  # however popular a file is


def replicas(file):
    popularity = max(file.vars.get("popularity", 0), file.vars.get("reads_per_day", 0))
    if popularity < 10:
        return None
    return min(file.target + math.log10(popularity), max(MOST, file.target))
