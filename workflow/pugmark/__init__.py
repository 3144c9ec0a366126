"""Pugmark: from a folder of media to named individuals.

Each stage is a module of the same name with a function that a notebook can call and a `main(argv)` that the rule of the
same name calls; stages meet only through the Parquet tables of `schemas/tables.yaml`:

    ingest -> detect -> mask -> crop -> label   (per batch)
        split -> train -> embed -> cluster -> evaluate   (per collection, method and seed)
            report
"""

__version__ = "0.1.0"
