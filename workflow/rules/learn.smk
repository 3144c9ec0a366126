# One model per run; features of every batch by every run; groups of crops that look like one animal.


rule split:
    input:
        per_batch("crops.parquet"),
        per_batch("labels.parquet"),
    output:
        f"{RESULTS}/{{collection}}/split.parquet",
    log:
        f"{LOGS}/split/{{collection}}.log",
    conda:
        "../../envs/pugmark.yaml"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        folder=f"{RESULTS}/{{collection}}/batches",
        settings=settings_of("split", batches=PLAN.batches),
        code=code("stages.split"),
    shell:
        "python -m pugmark.stages.split --folder {params.folder:q} --settings {params.settings:q}"
        " --out {output:q} > {log:q} 2>&1"


# A new batch changes the split's file but must not retrain: what must, settings, code and the names learned, is part of
# the model's path, and a finished model is in no graph.
rule train:
    input:
        ancient(lambda wildcards: PLAN.run_weights(run_of(wildcards)).values()),
        split=ancient(teaching_split),
    output:
        model=f"{MODEL}/model.pt",
        trained=f"{MODEL}/trained.parquet",
    log:
        f"{LOGS}/train/{{collection}}/{{run}}/{{version}}.log",
    benchmark:
        f"{BENCHMARKS}/train/{{collection}}/{{run}}/{{version}}.jsonl"
    conda:
        "../../envs/pugmark.yaml"
    threads: lambda wildcards: 1 + gpu_to_train(wildcards)
    resources:
        mem_mb=memory(4000),
        runtime=minutes(720),
        gpu=gpu_to_train,
    params:
        folder=f"{RESULTS}/{{collection}}/batches",
        settings=training_settings,
        split=lambda wildcards, input: ["--split", input.split] if input.split else [],
        weights=lambda wildcards: named(PLAN.run_weights(run_of(wildcards))),
    shell:
        "python -m pugmark.stages.train {params.split:q} --folder {params.folder:q} --settings {params.settings:q}"
        " --weights {params.weights:q} --out {output.model:q} --trained {output.trained:q} > {log:q} 2>&1"


rule embed:
    input:
        model=model_file("model.pt"),
        crops=rules.crop.output[0],
        labels=truth_for_oracle,
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
        settings=embed_settings,
        labels=lambda wildcards, input: (
            ["--labels", input.labels] if input.labels else []
        ),
        code=embed_code,
    shell:
        "python -m pugmark.stages.embed --model {input.model:q} --crops {input.crops:q} --settings {params.settings:q}"
        " {params.labels:q} --out {output:q} > {log:q} 2>&1"


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
        settings=cluster_settings,
        code=code("stages.cluster"),
    shell:
        "python -m pugmark.stages.cluster --split {input.split:q} --folder {params.folder:q} --run {wildcards.run:q}"
        " --settings {params.settings:q} --out {output:q} > {log:q} 2>&1"


# Snakemake allows a rule a benchmark or the cache, not both, and no condition inside a rule.
if SHARED_CACHE:
    for name in ("detect", "mask", "embed"):
        workflow.get_rule(name)._benchmark = None
