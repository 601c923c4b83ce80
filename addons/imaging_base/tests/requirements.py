def req(*clauses, part=False):
    """Cite the tender's clauses that a test shows; with `part`, it shows a part of each."""

    def cite(method):
        cited = getattr(method, "requirements", ())
        method.requirements = (*cited, *((clause, part) for clause in clauses))
        return method

    return cite
