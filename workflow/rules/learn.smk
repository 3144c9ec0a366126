# Who learns from what, and one model per run.


rule split:
    input:
        per_batch("media.parquet"),
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
        settings=ask(SETTINGS.split),
        code=code("stages.split"),
    shell:
        "python -m pugmark.stages.split --folder={params.folder:q} --settings={params.settings:q}"
        " --out={output:q} > {log:q} 2>&1"


# A new batch changes the split's file but must not retrain: what must, settings, code and the names learned, is part of
# the model's path, and a finished model is in no graph.
rule train:
    input:
        ancient(lambda wildcards: PLAN.models.weights(run_of(wildcards)).values()),
        split=teaching_split,
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
        split=lambda wildcards, input: [f"--split={input.split}"] if input.split else [],
        weights=lambda wildcards: named(PLAN.models.weights(run_of(wildcards))),
    shell:
        "python -m pugmark.stages.train {params.split:q} --folder={params.folder:q} --settings={params.settings:q}"
        " --weights {params.weights:q} --out={output.model:q} --trained={output.trained:q} > {log:q} 2>&1"
