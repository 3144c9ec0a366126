# Features of every batch by every run, and clusters of crops that look like one animal.


rule embed:
    input:
        model=model_file("model.pt"),
        crops=rules.crop.output[0],
        labels=truth_for_oracle,
        beside=joined_features,
    output:
        f"{BATCH}/features/{{run}}.parquet",
    log:
        f"{LOGS}/embed/{{collection}}/{{batch}}/{{run}}.log",
    benchmark:
        f"{BENCHMARKS}/embed/{{collection}}/{{run}}/{{batch}}.jsonl"
    cache: SHARED_CACHE
    conda:
        "../../envs/pugmark.yaml"
    threads: lambda wildcards: 1 + gpu_to_embed(wildcards)
    resources:
        mem_mb=memory(3000, per_input=2),
        runtime=minutes(120),
        gpu=gpu_to_embed,
    params:
        settings=ask(SETTINGS.embed),
        labels=lambda wildcards, input: (
            [f"--labels={input.labels}"] if input.labels else []
        ),
        beside=lambda wildcards, input: (
            ["--beside", *input.beside] if input.beside else []
        ),
        code=ask(SETTINGS.embed_code),
    shell:
        "python -m pugmark.stages.embed --model={input.model:q} --crops={input.crops:q} --settings={params.settings:q}"
        " {params.labels:q} {params.beside:q} --out={output:q} > {log:q} 2>&1"


rule cluster:
    input:
        run_features,
        split=rules.split.output[0],
    output:
        f"{RUN}/clusters.parquet",
    log:
        f"{LOGS}/cluster/{{collection}}/{{run}}.log",
    benchmark:
        f"{BENCHMARKS}/cluster/{{collection}}/{{run}}.jsonl"
    conda:
        "../../envs/pugmark.yaml"
    threads: 2
    resources:
        mem_mb=memory(3000, per_input=4),
        runtime=minutes(60),
    params:
        folder=f"{RESULTS}/{{collection}}/batches",
        settings=ask(SETTINGS.cluster),
        code=code("stages.cluster"),
    shell:
        "python -m pugmark.stages.cluster --split={input.split:q} --folder={params.folder:q} --run={wildcards.run:q}"
        " --settings={params.settings:q} --out={output:q} > {log:q} 2>&1"


# Snakemake allows a rule a benchmark or the cache, not both, and no condition inside a rule.
if SHARED_CACHE:
    for name in ("detect", "mask", "embed"):
        workflow.get_rule(name)._benchmark = None
