# Where it starts: weight files, drawn surveys, and the table of each batch's media.


# The login node has the network, and its file system is the only one that a link need cross.
localrules:
    fetch,


rule fetch:
    output:
        f"{RESULTS}/weights/{{checksum}}/{{file}}",
    log:
        f"{LOGS}/fetch/{{checksum}}/{{file}}.log",
    conda:
        "../../envs/pugmark.yaml"
    params:
        settings=lambda wildcards, output: canonical(PLAN.manifest.entry(output[0])),
    shell:
        "python -m pugmark.stages.fetch --settings={params.settings:q} --out={output:q} > {log:q} 2>&1"


rule synthesise:
    output:
        batch=directory(f"{RESULTS}/{{collection}}/survey/{{batch}}"),
        truth=directory(f"{RESULTS}/{{collection}}/truth/{{batch}}"),
    log:
        f"{LOGS}/synthesise/{{collection}}/{{batch}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        settings=ask(SETTINGS.synthesise),
        code=code("stages.synthesise"),
        number=lambda wildcards: wildcards.batch.rsplit("_", 1)[1],
    shell:
        "python -m pugmark.stages.synthesise --batch={params.number} --settings={params.settings:q}"
        " --out={output.batch:q} --truth={output.truth:q} > {log:q} 2>&1"


rule ingest:
    input:
        drawn,
        frames_file,
    output:
        f"{WHOLE_BATCH}/media.parquet",
    log:
        f"{LOGS}/ingest/{{collection}}/{{batch}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(60),
    params:
        folder=ask(PLAN.folder),
        settings=ask(SETTINGS.ingest),
        listing=media_listing,
        code=code("stages.ingest"),
    shell:
        "python -m pugmark.stages.ingest --batch={params.folder:q} --settings={params.settings:q}"
        " --out={output:q} > {log:q} 2>&1"


rule shard:
    input:
        f"{BATCH}/media.parquet",
    output:
        f"{BATCH}.{{number}}of{{shards}}/media.parquet",
    log:
        f"{LOGS}/shard/{{collection}}/{{batch}}.{{number}}of{{shards}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=code("stages.shard"),
    shell:
        "python -m pugmark.stages.shard --media={input:q} --number={wildcards.number} --shards={wildcards.shards}"
        " --out={output:q} > {log:q} 2>&1"
