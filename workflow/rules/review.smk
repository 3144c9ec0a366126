# What a person is asked, and a page for each animal.


rule review:
    input:
        decided=expand(
            f"{RESULTS}/{{{{collection}}}}/{{table}}.parquet",
            table=("identities", "individuals", "questions"),
        ),
        encounters=per_batch("encounters.parquet"),
        crops=per_batch("crops.parquet"),
        media=per_batch("media.parquet"),
        split=rules.split.output[0],
        ledger=lambda wildcards: PLAN.ledgers(wildcards.collection),
    output:
        directory(f"{RESULTS}/{{collection}}/review"),
    log:
        f"{LOGS}/review/{{collection}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(60),
    params:
        results=lambda wildcards, output: os.path.dirname(output[0]),
        settings=ask(SETTINGS.review),
        code=code("stages.review"),
    shell:
        "python -m pugmark.stages.review --results={params.results:q} --split={input.split:q}"
        " --ledger {input.ledger:q} --settings={params.settings:q} --out={output:q} > {log:q} 2>&1"
