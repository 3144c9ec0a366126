# Who was seen, in the formats of the field's other tools.


rule export:
    input:
        decided=expand(
            f"{RESULTS}/{{{{collection}}}}/{{table}}.parquet",
            table=("identities", "individuals", "pairs", "calibration"),
        ),
        encounters=per_batch("encounters.parquet"),
        crops=per_batch("crops.parquet"),
        media=per_batch("media.parquet"),
        detections=per_batch("detections.parquet"),
        split=rules.split.output[0],
        ledger=lambda wildcards: PLAN.ledgers(wildcards.collection),
        stations=lambda wildcards: PLAN.stations(wildcards.collection),
    output:
        directory(f"{RESULTS}/{{collection}}/export"),
    log:
        f"{LOGS}/export/{{collection}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(60),
    params:
        results=lambda wildcards, output: os.path.dirname(output[0]),
        settings=ask(SETTINGS.export),
        code=code("stages.export"),
    shell:
        "python -m pugmark.stages.export --results={params.results:q} --split={input.split:q}"
        " --ledger {input.ledger:q} --settings={params.settings:q} --out={output:q} > {log:q} 2>&1"
